// Logs strophe.js in over BOSH and lives a story, an action at a time:
//
//   PEER_PASSWORD=… node strophe-login.mjs --url http://127.0.0.1:5280/http-bind --jid alice@localhost/web \
//       [--wait 60] [--deadline 30] presence chat:hello empty reload cut logout
//
//   presence       announces itself and waits until its own presence comes back
//   chat:TEXT      sends TEXT to itself and waits until it comes back
//   say:JID:TEXT   sends TEXT to JID and does not wait
//   hear:TEXT      waits for a message that says TEXT, from whomever
//   ping           asks the server and waits for the answer
//   empty          waits for a long-poll that ends empty (at the end of `wait`)
//   pause:MS       does nothing for a while
//   reload         drops all sockets and goes on with the same sid from a second connection object
//   cut            resets the socket of the held request, and waits until strophe has asked again
//   logout         ends the session and waits for the end
//
// Prints what an application on top of strophe sees, one JSON object a line; the exit code is 0 when
// every action was done within the deadline.

import { cutHeld, dropSockets, seen } from './xhr.mjs';
import { $iq, $msg, $pres, Strophe } from 'strophe.js';
import { canonical, deadline, options, say } from './lines.mjs';

const given = options({ url: '', jid: '', wait: '60', deadline: '30' });
const password = process.env.PEER_PASSWORD ?? '';
const statuses = Object.fromEntries(Object.entries(Strophe.Status).map(([name, n]) => [n, name]));

let doing = 'start';
let connection;
let waiting = null; // { wanted(event) → bool, done() }
const past = []; // events nobody has waited for yet

Strophe.setLogLevel(Strophe.LogLevel.FATAL);
const limit = deadline(Number(given.deadline), () => doing);

function happened(event) {
  if (waiting?.wanted(event)) {
    const { done } = waiting;
    waiting = null;
    done(event);
  } else {
    past.push(event);
  }
}

/** The next event that `wanted` accepts; earlier ones count when they happened during the same action. */
function until(wanted) {
  const at = past.findIndex(wanted);
  if (at >= 0) return Promise.resolve(past.splice(0, at + 1).at(-1));
  past.length = 0;
  return new Promise((done) => { waiting = { wanted, done }; });
}

function listen(to) {
  to.xmlInput = (body) => {
    if (to !== connection) return;
    const stanzas = Array.from(body.childNodes).filter((child) => child.nodeType === 1);
    for (const stanza of stanzas) {
      say({ stanza: canonical(stanza) });
      happened({ stanza });
    }
    const ended = body.getAttribute('type');
    if (ended) say({ body: ended, condition: body.getAttribute('condition') });
    if (stanzas.length === 0 && !ended) happened({ empty: true });
  };
  to.xmlOutput = () => happened({ sent: true });
  return to;
}

function status(of) {
  return (code, condition) => {
    if (of !== connection) return;
    const name = statuses[code] ?? String(code);
    say(condition ? { status: name, condition: String(condition) } : { status: name });
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
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const story = {
  async presence() {
    connection.send($pres());
    await until(({ stanza }) => stanza?.nodeName === 'presence' && stanza.getAttribute('from') === connection.jid);
    await settled();
  },
  async chat(words) {
    connection.send($msg({ to: connection.jid, type: 'chat', id: 'chat-1' }).c('body').t(words));
    await until(isMessage(words));
    await settled();
  },
  async say(rest) {
    const [to, ...words] = rest.split(':');
    connection.send($msg({ to, type: 'chat', id: 'say-1' }).c('body').t(words.join(':')));
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
  async reload() {
    const { jid } = connection;
    const { sid, rid } = connection._proto;
    const before = connection;
    connection = listen(new Strophe.Connection(given.url));
    for (const request of before._proto._requests) {
      request.abort = true;
      request.xhr.abort();
    }
    before._proto._requests = [];
    clearTimeout(before._idleTimeout);
    dropSockets();
    connection.attach(jid, sid, rid, status(connection), Number(given.wait));
    await until((event) => event.status === 'ATTACHED');
    await settled();
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
  await sleep(250);
}

connection = listen(new Strophe.Connection(given.url));
doing = 'login';
const first = 2_000_000_000 + Math.floor(Math.random() * 2e9); // always ten digits, so that sizes repeat
connection._proto.rid = first;
connection.connect(given.jid, password, status(connection), Number(given.wait));
await until((event) => event.status === 'CONNECTED');
say({ about: { sid: connection._proto.sid, rid: first } });
await settled();
for (const action of given.actions) {
  const [, name, rest] = /^([a-z]+):?(.*)$/s.exec(action) ?? [];
  if (!(name in story)) fail(`no such action: ${action}`);
  doing = action;
  say({ action });
  past.length = 0;
  await story[name](rest);
}
await sleep(100);
say({ http: [...seen.responses].sort().map((response) => JSON.parse(response)), errors: seen.errors });
clearTimeout(limit);
process.exit(0);
