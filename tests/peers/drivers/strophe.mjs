// strophe.js in Node, over BOSH or WebSocket, as `xmppscope client run -- node strophe.mjs` starts it.

import '../xhr.mjs';
import { $iq, $msg, $pres, Strophe } from 'strophe.js';
import WebSocket from 'ws';
import { facts, obey } from './hook.mjs';

globalThis.WebSocket ??= WebSocket;
if (facts.carrier === 'tcp') {
  process.stdout.write('cannot use TCP\n');
  process.exit(1);
}
Strophe.setLogLevel(Strophe.LogLevel.WARN);
Strophe.log = (level, text) => { if (level >= Strophe.LogLevel.WARN) process.stdout.write(`strophe: ${text}\n`); };

const stored = new Map();
const storage = {
  load: (key) => (stored.has(key) ? JSON.parse(stored.get(key)) : null),
  save: (key, state) => stored.set(key, JSON.stringify(state)),
  clear: (key) => stored.delete(key),
};
const managed = { enableStreamManagement: true, streamManagement: { maxUnacked: 1, storage } };
const statuses = Object.fromEntries(Object.entries(Strophe.Status).map(([name, n]) => [n, name]));
let connection;
let last;

function connect() {
  connection ??= new Strophe.Connection(facts.url, facts.carrier === 'websocket' ? managed : {});
  connection.reset();
  connection.connect(`${facts.jid}/strophe`, facts.password, (status, condition) => {
    process.stdout.write(`${statuses[status]} ${condition ?? ''}\n`);
    if (status === Strophe.Status.CONNECTED && !connection.restored) connection.send($pres());
    // strophe.js leaves it to applications to connect again. They do so if the connection was lost, and not ended.
    const lost = status === Strophe.Status.DISCONNECTED && last === Strophe.Status.CONNECTED;
    if (lost && facts.carrier === 'websocket') setTimeout(connect, 500);
    last = status;
  });
}

const say = (words) => connection.send($msg({ to: facts.peer, type: 'chat' }).c('body').t(words));

connect();
obey({
  send: say,
  burst(number) {
    for (let n = 1; n <= Number(number); n += 1) {
      say(`burst ${n}`);
      connection.flush();
    }
  },
  ping: () => connection.send($iq({ type: 'get', id: 'ping-1' }).c('ping', { xmlns: 'urn:xmpp:ping' })),
  leave: () => connection.disconnect('over'),
  reconnect: connect,
});
