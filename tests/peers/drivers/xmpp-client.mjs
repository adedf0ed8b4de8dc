// @xmpp/client (xmpp.js) in Node, over WebSocket or TCP, as `xmppscope client run -- node xmpp-client.mjs` starts it.

import WebSocket from 'ws';
import { facts, obey } from './hook.mjs';

globalThis.WebSocket = WebSocket; // Node has one of its own from version 22 on
const { client, xml } = await import('@xmpp/client');

if (facts.carrier === 'bosh') {
  process.stdout.write('cannot use BOSH\n');
  process.exit(1);
}
const xmpp = client({
  service: facts.url, domain: facts.domain, username: facts.user, password: facts.password, resource: 'xmpp-js',
});
xmpp.on('error', (error) => process.stdout.write(`error: ${error}\n`));
xmpp.on('status', (status) => process.stdout.write(`${status}\n`));
xmpp.on('online', () => xmpp.send(xml('presence')).catch(() => {}));

// What is sent before the login would end the stream; after a resumption there is no event.
async function online() {
  while (xmpp.status !== 'online') await new Promise((done) => setTimeout(done, 50));
}

const message = (words) => xmpp.send(xml('message', { to: facts.peer, type: 'chat' }, xml('body', {}, words)));

xmpp.start().catch((error) => process.stdout.write(`start: ${error}\n`));
obey({
  send: (words) => void online().then(() => message(words)),
  burst(number) {
    for (let n = 1; n <= Number(number); n += 1) online().then(() => message(`burst ${n}`));
  },
  ping: () => xmpp.send(xml('iq', { type: 'get', id: 'ping-1' }, xml('ping', { xmlns: 'urn:xmpp:ping' }))),
  leave: () => xmpp.stop(),
  reconnect: () => xmpp.start(),
});
