// XMLHttpRequest as strophe.js needs it, over node's http client with keep-alive, so that a test sees
// what a browser would put on the wire: two sockets that are reused, and swapped.

import http from 'node:http';
import https from 'node:https';

const settings = { keepAlive: true, scheduling: 'fifo', maxSockets: 6 };
let agents = fresh();

/** Facts about HTTP that the application above strophe never sees. */
export const seen = { responses: new Set(), sockets: 0, requests: 0, errors: 0 };

const open = new Set();

function fresh() {
  const tls = { ...settings, rejectUnauthorized: process.env.PEER_INSECURE !== '1' };
  return { 'http:': new http.Agent(settings), 'https:': new https.Agent(tls) };
}

/** Drops every socket, as a page reload does: a FIN on the held request and nothing else. Ends when all are closed. */
export async function dropSockets() {
  const old = Object.values(agents);
  const sockets = old.flatMap(({ sockets, freeSockets }) => [sockets, freeSockets].flatMap(Object.values).flat());
  const closed = sockets.map((socket) => new Promise((done) => { socket.once('close', done); }));
  agents = fresh();
  for (const agent of old) agent.destroy();
  await Promise.all(closed);
}

/** Cuts the oldest request still waiting for its answer, as a lost network does; false if there is none. */
export function cutHeld() {
  const [held] = open;
  if (!held?.socket) return false;
  held.socket.resetAndDestroy?.() ?? held.socket.destroy();
  return true;
}

class XMLHttpRequest {
  readyState = 0;
  status = 0;
  responseText = '';
  responseXML = null;
  onreadystatechange = null;
  #headers = {};
  #answer = {};
  #request = null;
  #aborted = false;

  open(method, url) {
    this.method = method;
    this.url = new URL(url);
    this.#become(1);
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  getResponseHeader(name) {
    return this.#answer[name.toLowerCase()] ?? null;
  }

  getAllResponseHeaders() {
    return Object.entries(this.#answer).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  overrideMimeType() {}

  send(text) {
    const body = Buffer.from(text ?? '', 'utf8');
    const { request } = this.url.protocol === 'https:' ? https : http;
    const ended = () => open.delete(this.#request);
    seen.requests += 1;
    this.#request = request(this.url, {
      method: this.method,
      agent: agents[this.url.protocol],
      headers: { ...this.#headers, 'Content-Length': body.length },
    }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        ended();
        const headers = response.headers;
        seen.responses.add(JSON.stringify([response.httpVersion, response.statusCode, ...shape(headers)]));
        this.#answer = headers;
        this.status = response.statusCode;
        this.responseText = Buffer.concat(parts).toString('utf8');
        this.responseXML = new DOMParser().parseFromString(this.responseText, 'text/xml');
        this.#become(4);
      });
      response.on('error', () => this.#fail());
    });
    open.add(this.#request);
    this.#request.on('socket', (socket) => {
      if (socket.connecting) seen.sockets += 1;
    });
    this.#request.on('error', () => { ended(); this.#fail(); });
    this.#request.end(body);
  }

  abort() {
    this.#aborted = true;
    open.delete(this.#request);
    this.#request?.destroy();
  }

  #fail() {
    if (this.#aborted || this.readyState === 4) return;
    seen.errors += 1;
    this.status = 0;
    this.#become(4);
  }

  #become(state) {
    this.readyState = state;
    if (!this.#aborted) this.onreadystatechange?.();
  }
}

/** Header lines without what differs between any two runs. */
function shape(headers) {
  return Object.entries(headers)
    .map(([name, value]) => (['date', 'content-length'].includes(name) ? name : `${name}: ${value}`))
    .sort();
}

globalThis.XMLHttpRequest = XMLHttpRequest;
