// Opens a page of `xmppscope report` in headless Chromium and does what a reader would:
//
//   node report.mjs --page FILE [--size 1280x800] [--theme light] [--deadline 180] drawn search:hello press:Enter panel
//
//   drawn         gives what is in sight: rows, bars, faint bars, sessions, findings, selected, and the line of status
//   search:TEXT   presses /, types TEXT, and waits until the time line has followed; without TEXT nothing is searched any more
//   press:KEY     presses a key
//   click:CSS     clicks the first element that fits
//   panel         gives what is open: its title, its words, the attributes of the elements in it that could do harm
//   list          gives the scenarios in the list: verdict and name; and what is said of the one that is chosen
//   scroll        scrolls through all of it; gives how long the longest frame took, and how many elements the page has
//   theme:NAME    light or dark, as the system would say
//   size:WxH      another size of the window
//   picture:FILE  takes a screenshot
//
// What each gives is printed, one JSON object a line; first how long the page took to be drawn, last what must not have
// happened: {"harm": {scripts, dialogs, requests, errors}}.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch } from './chromium.mjs';
import { deadline, options, say } from './lines.mjs';

const given = options({ page: '', size: '1280x800', theme: 'light', deadline: '180' });
const [width, height] = given.size.split('x').map(Number);
const url = pathToFileURL(given.page).href;

let doing = 'start';
let browser;
const limit = deadline(Number(given.deadline), () => doing, () => browser?.close());

browser = await launch({
  viewport: { width, height }, colorScheme: given.theme,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND'],
});
const page = await browser.newPage();

const harm = { scripts: 0, dialogs: 0, requests: [], errors: [] };
page.on('dialog', (dialog) => { harm.dialogs += 1; dialog.dismiss(); });
page.on('request', (request) => { if (request.url() !== url) harm.requests.push(request.url()); });
page.on('console', (message) => { if (message.type() === 'error') harm.errors.push(message.text()); });
page.on('pageerror', (error) => harm.errors.push(String(error)));
await page.exposeFunction('harmed', () => { harm.scripts += 1; });

const frames = (count) => page.evaluate((left) => new Promise((done) => {
  const next = () => { if (left === 0) done(); else { left -= 1; requestAnimationFrame(next); } };
  next();
}), count);

const story = {
  async drawn() {
    say(await page.evaluate(() => {
      const count = (css) => document.querySelectorAll(css).length;
      const text = (css) => document.querySelector(css)?.textContent ?? null;
      return {
        rows: count('#list .row'), bars: count('.bar'), faint: count('.bar.quiet'), marks: count('.row.mark'),
        sessions: [...document.querySelectorAll('.tools select option')].map((option) => option.textContent),
        findings: [...document.querySelectorAll('.row.finding .id')].map((id) => id.textContent),
        selected: text('#list [aria-selected=true] .text'), status: text('.status'),
        wide: document.documentElement.scrollWidth > innerWidth,
      };
    }));
  },
  async search(words) {
    await page.keyboard.press('/');
    if (words) await page.keyboard.type(words);
    else await page.keyboard.press('Backspace');
    await page.waitForTimeout(200); // the page waits for the end of typing, for 120 ms
    await frames(2);
  },
  async press(key) {
    await page.keyboard.press(key);
    await frames(2);
  },
  async click(css) {
    await page.locator(css).first().click();
    await frames(2);
  },
  async panel() {
    say(await page.evaluate(() => {
      const panel = document.getElementById('panel');
      if (panel.hidden) return { panel: null };
      const elements = [...panel.querySelectorAll('*')];
      return {
        panel: panel.querySelector('h2').textContent,
        text: panel.querySelector('.inside').textContent,
        foreign: elements.filter((element) => /^(script|img|svg|iframe|object|embed|style|link)$/i.test(element.tagName)
          || [...element.attributes].some(({ name }) => name.startsWith('on'))).length,
      };
    }));
  },
  async list() {
    say(await page.evaluate(() => ({
      scenarios: [...document.querySelectorAll('.scenario')].map((row) =>
        [...row.querySelectorAll('.verdict, .name')].map((part) => part.textContent).join(' ')),
      about: document.querySelector('.about').innerText,
    })));
  },
  async scroll() {
    say(await page.evaluate(() => new Promise((done) => {
      const list = document.getElementById('list');
      list.scrollTop = 0;
      const steps = 240;
      const step = (list.scrollHeight - list.clientHeight) / steps;
      let [longest, all, before, most, at] = [0, 0, 0, 0, 0];
      const next = (now) => {
        if (before > 0) { longest = Math.max(longest, now - before); all += now - before; }
        before = now;
        most = Math.max(most, list.querySelectorAll('*').length);
        if (at === steps) return done({ longest, mean: all / steps, elements: most, bottom: list.scrollTop + list.clientHeight >= list.scrollHeight - 2 });
        at += 1;
        // Now small steps, as of a wheel, now leaps, as of a hand on the overview.
        list.scrollTop = at % 40 === 0 ? at * step : list.scrollTop + 120;
        if (at === steps) list.scrollTop = list.scrollHeight;
        return requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    })));
  },
  async theme(name) {
    await page.emulateMedia({ colorScheme: name });
    await frames(2);
  },
  async size(words) {
    const [width, height] = words.split('x').map(Number);
    await page.setViewportSize({ width, height });
    await frames(3);
  },
  async picture(path) {
    await page.screenshot({ path });
  },
};

doing = 'open';
await page.goto(url);
await frames(2);
say(await page.evaluate(() => {
  const [{ responseEnd }] = performance.getEntriesByType('navigation');
  return { opened: performance.now() - responseEnd };
}));
for (const action of given.actions) {
  doing = action;
  const [, name, rest] = /^([a-z]+):?(.*)$/s.exec(action) ?? [];
  if (!(name in story)) throw new Error(`no such action: ${action}`);
  await story[name](rest);
}
say({ harm });
clearTimeout(limit);
await browser.close();
process.exit(0);
