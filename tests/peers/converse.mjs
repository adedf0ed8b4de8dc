// Logs converse.js in over BOSH in headless Chromium and chats, as a person at the page would:
//
//   PEER_PASSWORD=… node converse.mjs --url http://127.0.0.1:5280/http-bind --jid alice@localhost/web \
//       [--to bob@localhost] [--deadline 60] chat:hello presence:xa logout
//
//   chat:TEXT       opens a chat with --to, types TEXT, presses Enter, waits until it is in the history
//   presence:SHOW   sets the own status (xa, dnd, online; converse 14 sends dnd for away), and waits
//                   until the presence comes back
//   reload          reloads the page and waits until the session goes on
//   logout          logs out and waits for the end
//
// The page comes from a server of its own, so that the CM is another origin and the browser asks it
// with a CORS preflight. Prints what the page saw, one JSON object a line; the exit code is 0 when every
// action was done within the deadline.

import { createServer } from 'node:http';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { deadline, options, say } from './lines.mjs';

const given = options({ url: '', jid: '', to: 'bob@localhost', deadline: '60' });
const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'node_modules/converse.js/dist');

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
];

let doing = 'start';
let browser;
const limit = deadline(Number(given.deadline), () => doing, () => browser?.close());

const site = createServer(async (request, response) => {
  const path = new URL(request.url, 'http://page').pathname;
  const types = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html', '.json': 'application/json',
    '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };
  const file = path === '/' ? join(here, 'converse.html') : join(dist, normalize(path));
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

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (!executablePath) {
  process.stderr.write('Chromium is not installed: run ./test, which installs it\n');
  process.exit(1);
}
const profile = mkdtempSync(join(tmpdir(), 'xmppscope-chromium-'));
process.on('exit', () => rmSync(profile, { recursive: true, force: true }));

doing = 'browser';
browser = await chromium.launchPersistentContext(profile, {
  executablePath, headless: true, args: flags, ignoreHTTPSErrors: process.env.PEER_INSECURE === '1',
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
  if (text !== last) say(line);
  last = text;
});
await page.addInitScript((settings) => { window.settings = settings; }, {
  url: given.url, jid: given.jid, password: process.env.PEER_PASSWORD ?? '',
});

const state = (name) => page.waitForFunction((wanted) => window.reached?.includes(wanted), name, { timeout: 0, polling: 50 });
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const story = {
  async chat(words) {
    await page.evaluate((to) => window._converse.api.chats.open(to, {}, true), given.to);
    const field = page.locator('textarea.chat-textarea');
    await field.click();
    await field.fill(words);
    await field.press('Enter');
    const shown = page.locator('.chat-msg__text', { hasText: words });
    await shown.last().waitFor({ timeout: 0 });
    say({ history: await shown.allInnerTexts() });
  },
  async presence(show) {
    await page.evaluate((to) => window._converse.api.user.status.set(to), show);
    await page.waitForFunction((wanted) => window.shows?.includes(wanted), show, { timeout: 0, polling: 50 });
  },
  async reload() {
    await page.reload();
    await state('statusInitialized');
  },
  async logout() {
    await page.evaluate(() => window._converse.api.user.logout());
    await state('disconnected');
  },
};

doing = 'login';
await page.goto(page_url);
await state('statusInitialized');
say({ about: await page.evaluate(() => ({ sid: window._converse.api.connection.get()._proto.sid })) });
await sleep(1000);
for (const action of given.actions) {
  const [, name, rest] = /^([a-z]+):?(.*)$/s.exec(action) ?? [];
  doing = action;
  if (!(name in story)) throw new Error(`no such action: ${action}`);
  say({ action });
  await story[name](rest);
  await sleep(500);
}
await Promise.all(pending);
say({ http: [...answers].sort().map((answer) => JSON.parse(answer)) });
clearTimeout(limit);
await browser.close();
site.close();
site.closeAllConnections();
process.exit(0);
