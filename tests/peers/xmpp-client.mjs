// Logs @xmpp/client (xmpp.js) in over WebSocket or TCP, and lives a story, an action at a time:
//
//   PEER_PASSWORD=… node xmpp-client.mjs --url ws://127.0.0.1:5280/xmpp-websocket --jid alice@localhost/web \
//       [--to bob@localhost/desk] [--deadline 120] roster presence chat:hello ping logout
//
//   roster     asks for the roster
//   presence   announces itself and waits until its own presence comes back, and that of --to
//   chat:TEXT  sends TEXT to --to and waits until it comes back from there
//   ping       asks the server and waits for the answer
//   cut        resets the connection, and waits until the session goes on, on another one
//   say:JID:TEXT     sends TEXT to JID, which may be a room that was joined, and does not wait for anything to come back
//   join:ROOM/NICK   enters a room and waits until it is inside
//   echo       announces itself, and from now on sends each message back to whom it came from
//   logout     ends the session and waits for the end
//
// With xmpp:// TLS begins by STARTTLS, with xmpps:// at once; NODE_EXTRA_CA_CERTS names the certificate that is trusted.
// Prints what the application is told, one JSON object a line; acknowledgements of stream management are left out, since
// a timer decides when they are asked for. The exit code is 0 when every action was done within the deadline. The one
// action `-` means that actions come on stdin, a line each: then only what a person would be told is printed, and no action
// waits for --to.

import { once } from 'node:events';
import WebSocket from 'ws';
import { cutter } from './cutter.mjs';
import { SASL, addressed, anonymous, deadline, escape, fact, live, options, say } from './lines.mjs';

globalThis.WebSocket = WebSocket; // Node has one of its own from version 22 on
const { client, xml, jid: parse } = await import('@xmpp/client');

const given = options({ url: '', jid: '', to: 'bob@localhost/desk', deadline: '120' });
const { local, domain, resource } = parse(given.jid);
let doing = 'start';
const limit = deadline(Number(given.deadline), () => doing);
const { url, cut } = await cutter(given.url);

const xmpp = client({
  service: url, domain, username: local, password: process.env.PEER_PASSWORD ?? '', resource, timeout: 60_000,
});
const { streamManagement } = xmpp;
streamManagement.requestAckDebounce = 0;
xmpp.reconnect.delay = 200;

/** One way to write an element. */
function canonical(element, secret = false) {
  if (typeof element === 'string') return secret ? '…' : escape(element);
  const hide = element.attrs.xmlns === SASL;
  const attributes = Object.entries(element.attrs).map(([name, value]) => ` ${name}='${escape(String(value))}'`).sort();
  const inside = element.children.map((child) => canonical(child, hide)).join('');
  return `<${element.name}${attributes.join('')}${inside ? `>${inside}</${element.name}>` : '/>'}`;
}

const shown = (element) => anonymous(canonical(element), given.jid);
if (!given.live) {
  xmpp.on('status', (status, about) => {
    const header = status === 'open' && about?.attrs ? { header: shown(about) } : {};
    say({ status, ...header });
  });
  xmpp.on('element', (element) => {
    if (!['a', 'r'].includes(element.name)) say({ stanza: shown(element) });
  });
} else {
  xmpp.on('stanza', ({ name, attrs, children }) => {
    const childNodes = children.map((child) => ({ nodeName: child.name, textContent: child.children?.join('') }));
    const told = fact({ nodeName: name, getAttribute: (attribute) => attrs[attribute] ?? null, childNodes });
    if (told) say(told);
  });
}
let leaving = false;
xmpp.on('error', (error) => {
  if (doing === 'cut') return;
  process.stderr.write(`error while ${doing}: ${error}\n`);
  if (!leaving) process.exit(1);
});

const waiting = new Set();
function came(element) {
  for (const one of waiting) {
    if (one.wanted(element)) {
      waiting.delete(one);
      one.done(element);
    }
  }
}
xmpp.on('stanza', came);
xmpp.on('nonza', came);
const until = (wanted) => new Promise((done) => { waiting.add({ wanted, done }); });

/** Sends it, and waits for what it leads to, and until the server has acknowledged all that was sent. */
async function exchange(stanza, wanted) {
  const answer = until(wanted);
  await xmpp.send(stanza);
  await answer;
  await settled();
}

async function settled() {
  while (streamManagement.enabled && streamManagement.outbound_q.length > 0) await once(streamManagement, 'ack');
}

const isFrom = (from) => (stanza) => stanza.is('presence') && stanza.attrs.from === from;
const answered = (id) => (stanza) => stanza.is('iq') && stanza.attrs.id === id;
let count = 0;
const rooms = new Set();

const story = {
  async roster() {
    const query = xml('query', { xmlns: 'jabber:iq:roster' });
    await exchange(xml('iq', { type: 'get', id: 'roster-1' }, query), answered('roster-1'));
  },
  async presence() {
    const other = given.live ? null : until(isFrom(given.to));
    await exchange(xml('presence'), isFrom(xmpp.jid.toString()));
    await other;
  },
  async chat(words) {
    count += 1;
    const message = xml('message', { to: given.to, type: 'chat', id: `chat-${count}` }, xml('body', {}, words));
    await exchange(message, (stanza) => stanza.is('message') && stanza.getChildText('body') === words);
  },
  async say(rest) {
    const [to, words] = addressed(rest);
    const type = rooms.has(to) ? 'groupchat' : 'chat';
    await xmpp.send(xml('message', { to, type, id: 'say-1' }, xml('body', {}, words)));
    await settled();
  },
  async join(place) {
    rooms.add(parse(place).bare().toString());
    await exchange(xml('presence', { to: place }, xml('x', { xmlns: 'http://jabber.org/protocol/muc' })), isFrom(place));
  },
  async ping() {
    const ping = xml('ping', { xmlns: 'urn:xmpp:ping' });
    await exchange(xml('iq', { type: 'get', id: 'ping-1', to: domain }, ping), answered('ping-1'));
  },
  async cut() {
    const resumed = once(streamManagement, 'resumed');
    cut();
    await resumed;
  },
  async echo() {
    xmpp.on('stanza', (stanza) => {
      const words = stanza.is('message') && stanza.attrs.type === 'chat' && stanza.getChildText('body');
      if (!words) return;
      const { from, id } = stanza.attrs;
      xmpp.send(xml('message', { to: from, type: 'chat', id: `${id}-back` }, xml('body', {}, words)));
    });
    await exchange(xml('presence'), (stanza) => stanza.is('presence') && stanza.attrs.from === xmpp.jid.toString());
  },
  async logout() {
    leaving = true;
    await xmpp.stop();
  },
};

doing = 'login';
// It is online before stream management is; what is sent in between would be counted by one side alone.
await xmpp.start();
while (!streamManagement.enabled) await new Promise((done) => { setTimeout(done, 5); }); // with Bind 2 it is from the start
say({ about: { jid: xmpp.jid.toString() } });
await live(given, story, (action) => { doing = action; });
clearTimeout(limit);
process.exit(0);
