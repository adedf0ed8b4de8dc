// Logs strophe.js in over WebSocket, with stream management, and lives a story, an action at a time:
//
//   PEER_PASSWORD=… node strophe-websocket.mjs --url ws://127.0.0.1:5280/xmpp-websocket --jid alice@localhost/web \
//       [--to bob@localhost/desk] [--deadline 120] roster presence chat:hello ping reload cut logout
//
//   roster     asks for the roster
//   presence   announces itself and waits until its own presence comes back, and that of --to
//   chat:TEXT  sends TEXT to --to and waits until it comes back from there
//   ping       asks the server and waits for the answer
//   reload     closes the WebSocket as a page does that goes, and resumes the session from a second connection object
//   cut        resets the connection, and resumes the session on another one
//   logout     ends the session and waits for the end
//
// Prints what an application on top of strophe sees, one JSON object a line, without acknowledgements; the exit code is
// 0 when every action was done within the deadline.

import { $iq, $msg, $pres, Strophe } from 'strophe.js';
import { cutter } from './cutter.mjs';
import { anonymous, canonical, deadline, events, live, options, say } from './lines.mjs';

const given = options({ url: '', jid: '', to: 'bob@localhost/desk', deadline: '120' });
const password = process.env.PEER_PASSWORD ?? '';
const statuses = Object.fromEntries(Object.entries(Strophe.Status).map(([name, n]) => [n, name]));
Strophe.setLogLevel(Strophe.LogLevel.FATAL);

let doing = 'start';
const limit = deadline(Number(given.deadline), () => doing);
const { url, cut } = await cutter(given.url);

let connection;
let last; // status
const { happened, until, forget } = events(); // earlier ones count when they happened during the same action

// What a page keeps over a reload.
const stored = new Map();
const storage = {
  load: (key) => (stored.has(key) ? JSON.parse(stored.get(key)) : null),
  save: (key, state) => stored.set(key, JSON.stringify(state)),
  clear: (key) => stored.delete(key),
};

function connect() {
  const to = new Strophe.Connection(url, { enableStreamManagement: true, streamManagement: { maxUnacked: 1, storage } });
  connection = to;
  to.xmlInput = (root) => {
    if (to !== connection) return;
    const elements = root.nodeName === 'wrapper' ? Array.from(root.childNodes) : [root];
    for (const element of elements) {
      if (!['a', 'r'].includes(element.nodeName)) say({ stanza: anonymous(canonical(element), given.jid) });
      happened({ stanza: element });
    }
  };
  to.connect(given.jid, password, (code, condition) => {
    if (to !== connection) return;
    const name = statuses[code] ?? String(code);
    if (name === last && name === 'DISCONNECTED') return; // said again if the server closes the socket at the same time
    last = name;
    say(condition ? { status: name, condition: String(condition) } : { status: name });
    happened({ status: name });
    if (['AUTHFAIL', 'CONNFAIL'].includes(name)) fail(`${name} ${condition ?? ''}`);
  });
}

function fail(why) {
  process.stderr.write(`failed while ${doing}: ${why}\n`);
  process.exit(1);
}

const text = (stanza, name) => stanza?.getElementsByTagName(name)[0]?.textContent;
const isStanza = (name, id) => ({ stanza }) => stanza?.nodeName === name && stanza.getAttribute('id') === id;

/** Sends it, and waits for what it leads to, and until the server has acknowledged all that was sent. */
async function exchange(stanza, wanted) {
  connection.send(stanza);
  await until(wanted);
  while (connection.sm.state.unacked.length > 0) await until(({ stanza }) => stanza?.nodeName === 'a');
}

/** The session goes on. */
async function resumed() {
  await until((event) => event.status === 'CONNECTED');
  if (!connection.sm.resumed) fail('the session was not resumed');
}

let count = 0;
const story = {
  async roster() {
    const roster = $iq({ type: 'get', id: 'roster-1' }).c('query', { xmlns: 'jabber:iq:roster' });
    await exchange(roster, isStanza('iq', 'roster-1'));
  },
  async presence() {
    const missing = new Set([given.jid, given.to]);
    await exchange($pres(), ({ stanza }) => {
      if (stanza?.nodeName === 'presence') missing.delete(stanza.getAttribute('from'));
      return missing.size === 0;
    });
  },
  async chat(words) {
    count += 1;
    const message = $msg({ to: given.to, type: 'chat', id: `chat-${count}` }).c('body').t(words);
    await exchange(message, ({ stanza }) => stanza?.nodeName === 'message' && text(stanza, 'body') === words);
  },
  async ping() {
    const ping = $iq({ type: 'get', id: 'ping-1', to: connection.domain }).c('ping', { xmlns: 'urn:xmpp:ping' });
    await exchange(ping, isStanza('iq', 'ping-1'));
  },
  async reload() {
    connection._proto.socket.close(1001);
    connection._proto.socket.onclose = null;
    connect();
    await resumed();
  },
  async cut() {
    cut();
    await until((event) => event.status === 'DISCONNECTED');
    connect();
    await resumed();
  },
  async logout() {
    connection.disconnect('over');
    await until((event) => event.status === 'DISCONNECTED');
  },
};

doing = 'login';
connect();
await until((event) => event.status === 'CONNECTED');
while (!connection.sm.enabled) await until(({ stanza }) => stanza?.nodeName === 'enabled');
say({ about: { jid: connection.jid } });
await live(given, story, (action) => {
  doing = action;
  forget();
});
clearTimeout(limit);
await new Promise((done) => { setTimeout(done, 100); }); // it says nothing of the closing handshake
process.exit(0);
