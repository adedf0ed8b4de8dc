// What a page needs that `xmppscope client run --page` tests; see docs/how-to/test-a-client.md.

/** What the client has to know: carrier, url, host, port, domain, jid, user, password and peer. */
export const facts = $FACTS;

/** Says a line, which is shown if the client fails. `cannot WORD` skips the scenario. */
export const say = (line) => fetch('/xmppscope/said', { method: 'POST', body: String(line), keepalive: true });

/** Does what it is told: each line is a command, then its words. */
export async function obey(commands) {
  for (let next = $NEXT; ;) {
    const told = await fetch(`/xmppscope/told/${next}`).catch(() => ({ status: 0 }));
    if (told.status === 204) continue; // nothing yet
    if (told.status !== 200) return; // the scenario is over
    next += 1;
    const [name, ...words] = (await told.text()).trim().split(' ');
    if (!commands[name]) {
      say(`cannot ${name}`);
      continue;
    }
    try {
      await commands[name](words.join(' '));
    } catch (error) {
      say(`${name}: ${error}`);
    }
  }
}

addEventListener('error', (event) => say(`uncaught: ${event.message}`));
addEventListener('unhandledrejection', (event) => say(`unhandled: ${event.reason}`));
