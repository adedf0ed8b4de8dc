// converse.js in headless Chromium, over BOSH or WebSocket, as `xmppscope client run --jobs 2 --patience 3 -- node converse.mjs` starts it.
// It is the driver of the other tests, whose actions have other names.

import { spawn } from 'node:child_process';
import { facts, obey } from './hook.mjs';

if (facts.carrier === 'tcp') {
  process.stdout.write('cannot use TCP\n');
  process.exit(1);
}
const script = new URL('../converse.mjs', import.meta.url).pathname;
const arguments_ = [script, '--url', facts.url, '--jid', `${facts.jid}/converse`, '--deadline', '110', '-'];
const page = spawn('node', arguments_, {
  stdio: ['pipe', 'inherit', 'inherit'], env: { ...process.env, PEER_PASSWORD: facts.password, PEER_CA: facts.ca },
});
page.on('exit', (code) => process.exit(code ?? 1));

const act = (action) => page.stdin.write(`${action}\n`);
const [peer] = facts.peer.split('/');

obey({
  send: (words) => act(`say:${peer}:${words}`),
  burst(number) {
    for (let n = 1; n <= Number(number); n += 1) act(`say:${peer}:burst ${n}`);
  },
  leave: () => act('logout'),
  reconnect() {}, // it does so by itself
});
