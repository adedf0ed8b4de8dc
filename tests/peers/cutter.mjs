// A TCP connection that a story can cut in the middle: a relay of the driver's own, in front of the server. Its
// host is called localhost, since that is what certificates are for.

import net from 'node:net';

/** The URL of a relay to the server of `url`, and `cut`, which resets every connection through it. */
export async function cutter(url) {
  const { protocol, hostname, port, pathname } = new URL(url);
  const pairs = new Set();
  // Who has sent a FIN may still be answered: a Close frame, for example.
  const relay = net.createServer({ allowHalfOpen: true }, (client) => {
    const server = net.connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    const pair = [client, server];
    pairs.add(pair);
    for (const [from, to] of [pair, [server, client]]) {
      from.setNoDelay(true);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => pairs.delete(pair));
      from.pipe(to);
    }
  });
  await new Promise((done) => { relay.listen(0, '127.0.0.1', done); });
  relay.unref();
  return {
    url: `${protocol}//localhost:${relay.address().port}${pathname}`,
    cut() {
      for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
    },
  };
}
