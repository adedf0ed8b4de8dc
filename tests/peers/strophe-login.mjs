// Logs strophe.js in over BOSH and lives a story, an action at a time:
//
//   PEER_PASSWORD=… node strophe-login.mjs --url http://127.0.0.1:5280/http-bind --jid alice@localhost/web \
//       [--wait 60] [--deadline 120] presence chat:hello empty reload cut logout
//
//   presence[:SHOW]  announces itself (SHOW: dnd, away, …) and waits until its own presence comes back
//   join:ROOM/NICK   enters a room and waits until it is inside
//   chat:TEXT        sends TEXT to itself and waits until it comes back
//   say:JID:TEXT     sends TEXT to JID, which may be a room that was joined, and does not wait
//   hear:TEXT        waits for a message that says TEXT, from whomever
//   ping             asks the server and waits for the answer
//   empty            waits for a long-poll that ends empty (at the end of `wait`)
//   pause:MS         does nothing for a while
//   away             drops all sockets and forgets everything but sessionStorage, as a page does that is reloaded
//   back             goes on with the same sid from a second connection object; gives that sid, as `away` does
//   reload           away and back
//   cut              resets the socket of the held request, and waits until strophe has asked again
//   logout           ends the session and waits for the end
//
// Prints what an application on top of strophe sees, one JSON object a line; the exit code is 0 when
// every action was done within the deadline. The one action `-` means that actions come on stdin, a line each: then
// only what a person would be told is printed, nothing waits but for events, and the end of stdin is the end.

import { cutHeld, dropSockets, seen } from './xhr.mjs';
import { $iq, $msg, $pres, Strophe } from 'strophe.js';
import { addressed, canonical, deadline, events, fact, live, options, say } from './lines.mjs';

const given = options({ url: '', jid: '', wait: '60', deadline: '120' });
const password = process.env.PEER_PASSWORD ?? '';
const statuses = Object.fromEntries(Object.entries(Strophe.Status).map(([name, n]) => [n, name]));

let doing = 'start';
let connection;
const rooms = new Set();
const { happened, until, forget } = events(); // earlier ones count when they happened during the same action

// Where strophe keeps its session for the next page.
const stored = new Map();
globalThis.sessionStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
  removeItem: (name) => stored.delete(name),
};

Strophe.setLogLevel(Strophe.LogLevel.FATAL);
const limit = deadline(Number(given.deadline), () => doing);

function fresh() {
  const to = new Strophe.Connection(given.url, { keepalive: true });
  to.xmlInput = (body) => {
    if (to !== connection) return;
    const stanzas = Array.from(body.childNodes).filter((child) => child.nodeType === 1);
    for (const stanza of stanzas) {
      tell(stanza);
      happened({ stanza });
    }
    const ended = body.getAttribute('type');
    if (ended && !given.live) say({ body: ended, condition: body.getAttribute('condition') });
    if (stanzas.length === 0 && !ended) happened({ empty: true });
  };
  to.xmlOutput = () => happened({ sent: true });
  return to;
}

function tell(stanza) {
  if (!given.live) return say({ stanza: canonical(stanza) });
  const told = fact(stanza);
  if (told) say(told);
}

function status(of) {
  return (code, condition) => {
    if (of !== connection) return;
    const name = statuses[code] ?? String(code);
    if (!given.live) say(condition ? { status: name, condition: String(condition) } : { status: name });
    happened({ status: name });
    if (['AUTHFAIL', 'CONNFAIL'].includes(name)) fail(`${name} ${condition ?? ''}`);
  };
}

function fail(why) {
  process.stderr.write(`failed while ${doing}: ${why}\n`);
  process.exit(1);
}

const text = (stanza, name) => stanza?.getElementsByTagName(name)[0]?.textContent;
const isMessage = (words) => ({ stanza }) => stanza?.nodeName === 'message' && text(stanza, 'body') === words;
const isPresence = (from) => ({ stanza }) => stanza?.nodeName === 'presence' && stanza.getAttribute('from') === from;
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const story = {
  async presence(show) {
    connection.send(show ? $pres().c('show').t(show) : $pres());
    await until(isPresence(connection.jid));
    await settled();
  },
  async chat(words) {
    connection.send($msg({ to: connection.jid, type: 'chat', id: 'chat-1' }).c('body').t(words));
    await until(isMessage(words));
    await settled();
  },
  async say(rest) {
    const [to, words] = addressed(rest);
    const type = rooms.has(to) ? 'groupchat' : 'chat';
    connection.send($msg({ to, type, id: 'say-1' }).c('body').t(words));
    await settled();
  },
  async join(place) {
    rooms.add(Strophe.getBareJidFromJid(place));
    connection.send($pres({ to: place }).c('x', { xmlns: 'http://jabber.org/protocol/muc' }));
    await until(isPresence(place));
    await settled();
  },
  async hear(words) {
    await until(isMessage(words));
    await settled();
  },
  async ping() {
    connection.send($iq({ type: 'get', id: 'ping-1', to: connection.domain }).c('ping', { xmlns: 'urn:xmpp:ping' }));
    await until(({ stanza }) => stanza?.nodeName === 'iq' && stanza.getAttribute('id') === 'ping-1');
    await settled();
  },
  async empty() {
    await until((event) => event.empty);
    await settled();
  },
  async pause(ms) {
    await sleep(Number(ms));
  },
  async away() {
    const { _proto: { sid, _requests: requests }, _idleTimeout: idle } = connection;
    for (const request of requests) {
      request.abort = true;
      request.xhr.abort();
    }
    requests.length = 0;
    clearTimeout(idle);
    await dropSockets();
    return { sid };
  },
  async back() {
    connection = fresh();
    connection.restore(given.jid, status(connection), Number(given.wait));
    await until((event) => event.status === 'ATTACHED');
    await settled();
    return { sid: connection._proto.sid };
  },
  async reload() {
    await story.away();
    await story.back();
  },
  async cut() {
    if (!cutHeld()) fail('no request is held');
    await until((event) => event.sent);
    await settled();
  },
  async logout() {
    connection.disconnect('over');
    await until((event) => event.status === 'DISCONNECTED');
  },
};

/** Long enough for strophe's 100 ms tick to put the next long-poll on the wire, so that stories repeat. */
async function settled() {
  if (!given.live) await sleep(250);
}

connection = fresh();
doing = 'login';
const first = 2_000_000_000 + Math.floor(Math.random() * 2e9); // always ten digits, so that sizes repeat
connection._proto.rid = first;
connection.connect(given.jid, password, status(connection), Number(given.wait));
await until((event) => event.status === 'CONNECTED');
say({ about: { sid: connection._proto.sid, rid: first } });
await settled();
await live(given, story, (action) => {
  doing = action;
  forget();
});
if (!given.live) {
  await sleep(100);
  say({ http: [...seen.responses].sort().map((response) => JSON.parse(response)), errors: seen.errors });
}
clearTimeout(limit);
process.exit(0);
