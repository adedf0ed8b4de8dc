// What drivers in JavaScript share: the lines that `xmppscope client run` writes to stdin.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import tls from 'node:tls';

/** What a client has to know. */
export const facts = Object.fromEntries(
  ['carrier', 'url', 'host', 'port', 'domain', 'jid', 'user', 'password', 'peer', 'ca']
    .map((name) => [name, process.env[`XMPPSCOPE_${name.toUpperCase()}`] ?? '']),
);

// One more CA is trusted, whichever library connects: NODE_EXTRA_CA_CERTS is read before this.
if (facts.ca) {
  const { createSecureContext } = tls;
  tls.createSecureContext = (...options) => {
    const secure = createSecureContext(...options);
    secure.context.addCACert(readFileSync(facts.ca));
    return secure;
  };
}

/** Does what it is told: each line is a command, then its words. */
export async function obey(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...words] = line.trim().split(' ');
    if (!commands[name]) {
      process.stdout.write(`cannot ${name}\n`);
      continue;
    }
    try {
      await commands[name](words.join(' '));
    } catch (error) {
      process.stdout.write(`${name}: ${error}\n`);
    }
  }
  process.exit(0);
}

process.on('uncaughtException', (error) => process.stdout.write(`uncaught: ${error}\n`));
process.on('unhandledRejection', (error) => process.stdout.write(`unhandled: ${error}\n`));
