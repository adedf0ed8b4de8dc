// The web server of a domain: TLS ends here, and all goes on to the connection manager behind it, which is told so.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

/**
 * A server with `cert.pem` and `key.pem` of `folder` before the one of `url`: its port, and `cut`, which resets every
 * WebSocket connection through it.
 */
export async function front(url, folder) {
  const { hostname, port } = new URL(url);
  const identity = { cert: readFileSync(`${folder}/cert.pem`), key: readFileSync(`${folder}/key.pem`) };
  const sockets = new Set();
  const server = https.createServer(identity, (request, response) => {
    const headers = { ...request.headers, 'x-forwarded-proto': 'https' };
    const passed = http.request({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  server.on('upgrade', (request, client, head) => {
    const behind = net.connect(Number(port), hostname);
    const { rawHeaders } = request;
    const fields = rawHeaders.flatMap((name, at) => (at % 2 ? [] : `${name}: ${rawHeaders[at + 1]}\r\n`));
    behind.write(`GET ${request.url} HTTP/1.1\r\n${fields.join('')}X-Forwarded-Proto: https\r\n\r\n`);
    behind.write(head);
    for (const [from, to] of [[client, behind], [behind, client]]) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
      from.pipe(to);
    }
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  server.unref();
  return {
    port: server.address().port,
    cut() {
      for (const socket of sockets) socket.encrypted ? socket.destroy() : socket.resetAndDestroy();
    },
  };
}
