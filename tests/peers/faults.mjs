// Does on purpose what goes wrong by accident, for the capture fixtures/broken.ndjson:
//
//   PEER_PASSWORD=… PROSODY=pid NGINX=pid node faults.mjs --url http://127.0.0.1:8124/http-bind
//
// Speaks BOSH by hand, as a page of another origin would. Behind --url stands xmppscope, then an nginx whose
// proxy_read_timeout is 55 s, then Prosody with the account alice@localhost; both servers are killed on the way.

import http from 'node:http';
import { options } from './lines.mjs';

const given = options({ url: '' });
const origin = 'http://chat.example';
const agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Sends a request; gives the answer's content, or null where there is none. */
function send(content, { method = 'POST', path, headers = {}, signal } = {}) {
  const url = new URL(given.url);
  if (path) url.pathname = path;
  const type = method === 'POST' ? { 'Content-Type': 'text/xml; charset=utf-8' } : {};
  return new Promise((done) => {
    const request = http.request(url, {
      method,
      agent,
      signal,
      headers: {
        Origin: origin, 'Sec-Fetch-Site': 'cross-site', ...type, ...headers, 'Content-Length': Buffer.byteLength(content),
      },
    }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => done(Buffer.concat(parts).toString()));
      response.on('error', () => done(null));
    });
    request.on('error', () => done(null));
    request.end(content);
  });
}

const plain = (password) => Buffer.from(`\0alice\0${password}`).toString('base64');

class Session {
  rid = 1_000_000_000 + Math.floor(Math.random() * 1e9);

  async open(to = 'localhost', options = {}) {
    const terms = `to='${to}' wait='60' hold='1' ver='1.11' xml:lang='en' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'`;
    const answer = await this.body(terms, '', undefined, options);
    this.sid = /sid='([^']+)'/.exec(answer)?.[1];
    return this;
  }

  body(attributes, payload = '', rid = this.rid++, options = {}) {
    const sid = this.sid ? ` sid='${this.sid}'` : '';
    const tag = `<body xmlns='http://jabber.org/protocol/httpbind' rid='${rid}'${sid}${attributes ? ` ${attributes}` : ''}`;
    return send(payload ? `${tag}>${payload}</body>` : `${tag}/>`, options);
  }

  auth(password) {
    return this.body('', `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain(password)}</auth>`);
  }

  async login(resource) {
    await this.open();
    await this.auth(process.env.PEER_PASSWORD);
    await this.body("xmpp:restart='true' to='localhost' xmlns:xmpp='urn:xmpp:xbosh'");
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind>`;
    await this.body('', `<iq xmlns='jabber:client' type='set' id='bind'>${bind}</iq>`);
    return this;
  }

  ping(id, rid, options) {
    return this.body('', `<iq xmlns='jabber:client' type='get' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`, rid, options);
  }

  end() {
    return this.body("type='terminate'");
  }
}

// A browser asks first, and is granted it.
await send('', {
  method: 'OPTIONS',
  headers: { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' },
});

// A path at which nothing is served.
await new Session().open('localhost', { path: '/http-bnd' });

// A domain that is none, and a password that is wrong.
await new Session().open('alice');
const wrong = await new Session().open();
await wrong.auth('guess');
await wrong.end();

// A session that nobody knows (any more).
const lost = new Session();
lost.sid = '5a1c4e0b-0000-4000-8000-000000000000';
await lost.body('');

// A rid that comes late, one that is used twice, one beyond the window.
const gap = await new Session().login('gap');
const missing = gap.rid++;
gap.ping('after-the-gap');
await sleep(5200);
await gap.ping('in-the-gap', missing);
const leave = new AbortController();
const twice = gap.ping('twice', missing + 1, { signal: leave.signal });
await sleep(200);
await gap.body('', '', gap.rid + 7);
leave.abort();
await twice;

// XML that is none.
const malformed = await new Session().login('malformed');
await malformed.body('', "<message xmlns='jabber:client' type='chat' to='bob@localhost'><body>Tom & Jerry</body></message>");

// nginx waits for 55 s, the connection manager would for 60.
const slow = await new Session().login('slow');
await slow.body('');
await slow.end();

// The server dies while it holds a request; then nginx has nobody behind it, and then is gone too.
const orphan = await new Session().login('orphan');
const held = orphan.body('');
await sleep(1500);
process.kill(Number(process.env.PROSODY), 'SIGKILL');
await held;
orphan.rid -= 1;
await orphan.body('');
process.kill(Number(process.env.NGINX), 'SIGTERM');
await sleep(500);
orphan.rid -= 1;
await orphan.body('');
agent.destroy();
await sleep(200);
