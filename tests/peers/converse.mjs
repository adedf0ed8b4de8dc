// Logs converse.js in over BOSH, or over WebSocket if that is the URL's scheme, in headless Chromium and chats, as a person
// at the page would:
//
//   PEER_PASSWORD=… node converse.mjs --url http://127.0.0.1:5280/http-bind --jid alice@localhost/web \
//       [--to bob@localhost] [--discover DIR] [--deadline 180] chat:hello presence:xa logout
//
// With --discover the page is told no URL: it asks the JID's domain, localhost, for one (host-meta), by HTTPS with the
// certificate in DIR, and the driver is the web server there, before the WebSocket server of --url.
//
//   chat:TEXT       opens a chat with --to, types TEXT, presses Enter, waits until it is in the history; gives it
//   say:JID:TEXT    the same in the chat with JID, which may be a room that was joined
//   shown:JID:TEXT  opens the chat with JID and waits until the page shows TEXT there; gives all texts that it shows
//   heard:TEXT      waits until the chat with --to, which sends everything back, shows TEXT twice
//   join:ROOM/NICK  enters a room and waits until it can be written to
//   presence:SHOW   sets the own status (xa, dnd, online; converse 14 sends dnd for away), and waits
//                   until the presence comes back
//   away            reloads the page, whose script does not come until `back`; gives the session's sid,
//                   which over WebSocket is that of stream management
//   back            lets the script come and waits until the session goes on; gives its sid
//   reload          away and back
//   cut             resets the WebSocket's connection, and waits until the session goes on, on another one; gives its sid
//   picture:FILE    takes a screenshot
//   logout          logs out and waits for the end
//
// The one action `-` means that actions come on stdin, a line each: then only what a person would be told is printed,
// nothing waits but for events, and the end of stdin is the end.
//
// The page comes from a server of its own, so that the CM is another origin and the browser asks it
// with a CORS preflight. Prints what the page saw, one JSON object a line; the exit code is 0 when every
// action was done within the deadline.

import { createServer } from 'node:http';
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';
import { cutter } from './cutter.mjs';
import { front } from './front.mjs';
import { addressed, deadline, fact, live, options, say } from './lines.mjs';

const given = options({ url: '', jid: '', to: 'bob@localhost', discover: '', deadline: '180' });
const here = fileURLToPath(new URL('.', import.meta.url));
const isWebSocket = given.url.startsWith('ws');
const domain = given.discover ? await front(given.url, given.discover) : null;
const { url, cut } = domain ?? (isWebSocket ? await cutter(given.url) : given);
const dist = join(here, 'node_modules/converse.js/dist');

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
  `--host-resolver-rules=${domain ? `MAP localhost:443 127.0.0.1:${domain.port} , ` : 'EXCLUDE localhost , '}MAP * ~NOTFOUND , EXCLUDE 127.0.0.1`,
];

let doing = 'start';
let browser;
const limit = deadline(Number(given.deadline), () => doing, () => browser?.close());

let script = Promise.resolve(); // what the script of the page waits for
let letCome = () => {};
const site = createServer(async (request, response) => {
  const path = new URL(request.url, 'http://page').pathname;
  const types = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html', '.json': 'application/json',
    '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };
  const file = path === '/' ? join(here, 'converse.html') : join(dist, normalize(path));
  if (path.endsWith('.js')) await script;
  try {
    const content = await readFile(file);
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
const page_url = `http://127.0.0.1:${site.address().port}/`;

doing = 'browser';
browser = await launch({
  args: flags, ignoreHTTPSErrors: domain !== null || process.env.PEER_INSECURE === '1',
  ca: process.env.PEER_CA, viewport: { width: 1280, height: 800 }, colorScheme: 'light',
});
const page = await browser.newPage();

const answers = new Set();
const pending = [];
page.on('response', (response) => {
  if (!response.url().startsWith(given.url)) return;
  pending.push(response.allHeaders().then((all) => {
    const shape = Object.entries(all)
      .filter(([name]) => !['date', 'content-length'].includes(name))
      .map(([name, value]) => `${name}: ${value.replaceAll(page_url.slice(0, -1), 'PAGE')}`);
    answers.add(JSON.stringify([response.request().method(), response.status(), ...shape.sort()]));
  }).catch(() => {}));
});
page.on('pageerror', (error) => process.stderr.write(`page: ${error}\n`));
let last = '';
await page.exposeFunction('tell', (line) => {
  const text = JSON.stringify(line); // converse reports the end several times
  if (text !== last && !given.live) say(line);
  last = text;
});
await page.exposeFunction('tellFact', (line) => { if (given.live) say(line); });
await page.addInitScript(`window.fact = ${fact}`);
await page.addInitScript((settings) => { window.settings = settings; }, {
  url, jid: given.jid, password: process.env.PEER_PASSWORD ?? '',
});

const state = (name) => page.waitForFunction((wanted) => window.reached?.includes(wanted), name, { timeout: 0, polling: 50 });
/** Until the page has announced itself: before, it would answer a wish for another status with its first presence. */
async function online() {
  await state('statusInitialized');
  await page.waitForFunction(() => window.shows.length > 0, null, { timeout: 0, polling: 50 });
}
const sid = () => page.evaluate((isWebSocket) => (isWebSocket
  ? window._converse.session.get('smacks_stream_id')
  : window._converse.api.connection.get()._proto.sid), isWebSocket);
const frames = new EventEmitter();
let found; // URL of the last WebSocket
page.on('websocket', (socket) => {
  found = socket.url();
  socket.on('framesent', ({ payload }) => frames.emit('sent', String(payload)));
});
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const rooms = new Set();

/** Opens the chat with a JID, as a click on it would, and gives it. */
async function open(jid) {
  const kind = rooms.has(jid) ? 'rooms' : 'chats';
  await page.evaluate(([kind, jid]) => window._converse.api[kind].open(jid, {}, true), [kind, jid]);
  return page.locator(`${rooms.has(jid) ? 'converse-muc' : 'converse-chat'}[jid='${jid}']`);
}

async function shown(chat, words) {
  const texts = chat.locator('.chat-msg__text');
  await texts.filter({ hasText: words }).last().waitFor({ timeout: 0 });
  return { history: await texts.allInnerTexts() };
}

async function type(jid, words) {
  const chat = await open(jid);
  const field = chat.locator('textarea.chat-textarea');
  await field.click();
  await field.fill(words);
  // The page shows a message before the client sends it, and a reload in between would lose it.
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const carries = (text) => text.includes(`>${escaped}</body>`);
  const sent = isWebSocket
    ? new Promise((done) => { frames.on('sent', (text) => carries(text) && done()); })
    : page.waitForRequest((request) => carries(request.postData() ?? ''), { timeout: 0 });
  await field.press('Enter');
  await sent;
  // What the page has kept from before comes when it likes; the last message is the one just written.
  const { history } = await shown(chat, words);
  return { written: history.at(-1) };
}

const story = {
  async chat(words) {
    say(await type(given.to, words));
  },
  async say(rest) {
    await type(...addressed(rest));
  },
  async shown(rest) {
    const [jid, words] = addressed(rest);
    return shown(await open(jid), words);
  },
  async heard(words) {
    const texts = (await open(given.to)).locator('.chat-msg__text').filter({ hasText: words });
    await texts.nth(1).waitFor({ timeout: 0 });
  },
  async join(place) {
    const [room, nick] = place.split('/');
    rooms.add(room);
    await page.evaluate(([room, nick]) => window._converse.api.rooms.open(room, { nick }, true), [room, nick]);
    await page.locator(`converse-muc[jid='${room}'] textarea.chat-textarea`).waitFor({ timeout: 0 });
  },
  async presence(show) {
    await page.evaluate((to) => window._converse.api.user.status.set(to), show);
    await page.waitForFunction((wanted) => window.shows?.includes(wanted), show, { timeout: 0, polling: 50 });
  },
  async away() {
    const before = await sid();
    script = new Promise((done) => { letCome = done; });
    const failed = (request) => request.url() === given.url;
    // At this very moment none may be held.
    const gone = isWebSocket ? null : page.waitForEvent('requestfailed', { predicate: failed, timeout: 10_000 }).catch(() => {});
    await page.reload({ waitUntil: 'commit' });
    await gone;
    return { sid: before };
  },
  async back() {
    letCome();
    await state('statusInitialized');
    return { sid: await sid() };
  },
  async reload() {
    const before = await story.away();
    const after = await story.back();
    if (before.sid !== after.sid) throw new Error('the session did not go on');
  },
  async cut() {
    await page.evaluate(() => { window.reached = window.reached.filter((event) => event !== 'reconnected'); });
    const before = await sid();
    cut();
    await state('reconnected');
    if (before !== await sid()) throw new Error('the session was not resumed');
    return { sid: before };
  },
  async picture(path) {
    await page.screenshot({ path });
  },
  async logout() {
    await page.evaluate(() => window._converse.api.user.logout());
    await state('disconnected');
  },
};

doing = 'login';
await page.goto(page_url);
await online();
say({ about: { sid: await sid(), url: found } });
await live(given, story, (action) => { doing = action; });
if (!given.live) {
  await Promise.all(pending);
  say({ http: [...answers].sort().map((answer) => JSON.parse(answer)) });
}
clearTimeout(limit);
await browser.close();
site.close();
site.closeAllConnections();
process.exit(0);
