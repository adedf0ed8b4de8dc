// strophe.js in headless Chromium, from a page of another origin, over BOSH, or over WebSocket with stream management if that
// is the URL's scheme. Lives a story, an action at a time:
//
//   PEER_PASSWORD=… node strophe-page.mjs --url http://127.0.0.1:5280/http-bind --jid alice@localhost/web \
//       [--wait 60] [--deadline 60] presence chat:hello roster ping logout
//
//   presence   announces itself and waits until its own presence comes back
//   chat:TEXT  sends TEXT to itself and waits until it comes back
//   roster     asks for the roster and waits for it
//   ping       asks the server and waits for the answer
//   logout     ends the session and waits for the end
//
// Prints what the page is told, one JSON object a line; the exit code is 0 when every action was done within the deadline.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { launch } from './chromium.mjs';
import { deadline, events, live, options, say } from './lines.mjs';

const given = options({ url: '', jid: '', wait: '60', deadline: '60' });
const library = await readFile(new URL('node_modules/strophe.js/dist/strophe.esm.js', import.meta.url));
const { happened, until, forget } = events();

let doing = 'browser';
let browser;
const limit = deadline(Number(given.deadline), () => doing, () => browser?.close());

async function fail(why) {
  process.stderr.write(`failed while ${doing}: ${why}\n`);
  await browser.close();
  process.exit(1);
}

const site = createServer(({ url }, response) => {
  const [type, content] = url === '/strophe.js' ? ['text/javascript', library] : ['text/html', '<!doctype html><title>strophe.js</title>'];
  response.writeHead(200, { 'Content-Type': type }).end(content);
});
await new Promise((done) => { site.listen(0, '127.0.0.1', done); });

browser = await launch({ args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'] });
const page = browser.pages()[0] ?? await browser.newPage();
page.on('console', (line) => { if (line.type() === 'error') say({ console: line.text() }); });
await page.exposeFunction('tell', (event) => {
  say(event);
  happened(event);
  const ended = event.status === 'DISCONNECTED' && doing !== 'logout';
  if (ended || ['AUTHFAIL', 'CONNFAIL'].includes(event.status)) fail(`${event.status} ${event.condition ?? ''}`);
});
await page.goto(`http://127.0.0.1:${site.address().port}/`);

doing = 'login';
await page.evaluate(async ({ url, jid, password, wait }) => {
  const { $iq, $msg, $pres, Strophe } = await import('/strophe.js');
  const names = Object.fromEntries(Object.entries(Strophe.Status).map(([name, n]) => [n, name]));
  const management = { enableStreamManagement: true, streamManagement: { maxUnacked: 1 } };
  const connection = new Strophe.Connection(url, url.startsWith('ws') ? management : {});
  connection.xmlInput = (root) => {
    const elements = ['wrapper', 'body'].includes(root.nodeName) ? Array.from(root.children) : [root];
    for (const element of elements) {
      const attribute = (name) => element.getAttribute(name) ?? undefined;
      const text = element.getElementsByTagName('body')[0]?.textContent;
      window.tell({ stanza: element.nodeName, id: attribute('id'), from: attribute('from'), text });
    }
  };
  window.story = {
    presence: () => connection.send($pres()),
    chat: (words) => connection.send($msg({ to: connection.jid, type: 'chat' }).c('body').t(words)),
    roster: () => connection.send($iq({ type: 'get', id: 'roster-1' }).c('query', { xmlns: 'jabber:iq:roster' })),
    ping: () => connection.send($iq({ type: 'get', id: 'ping-1', to: connection.domain }).c('ping', { xmlns: 'urn:xmpp:ping' })),
    logout: () => connection.disconnect('over'),
  };
  connection.connect(jid, password, (code, condition) => {
    window.tell({ status: names[code] ?? String(code), condition: condition ? String(condition) : undefined });
  }, Number(wait));
}, { ...given, password: process.env.PEER_PASSWORD ?? '' });
await until(({ status }) => status === 'CONNECTED');

const wanted = {
  presence: () => ({ stanza, from }) => stanza === 'presence' && from === given.jid,
  chat: (words) => ({ stanza, text }) => stanza === 'message' && text === words,
  roster: () => ({ stanza, id }) => stanza === 'iq' && id === 'roster-1',
  ping: () => ({ stanza, id }) => stanza === 'iq' && id === 'ping-1',
  logout: () => ({ status }) => status === 'DISCONNECTED',
};
const story = Object.fromEntries(Object.entries(wanted).map(([name, waits]) => [name, async (rest) => {
  await page.evaluate(([action, words]) => { window.story[action](words); }, [name, rest]);
  await until(waits(rest));
}]));
await live(given, story, (action) => {
  doing = action;
  forget();
});
clearTimeout(limit);
await browser.close();
process.exit(0);
