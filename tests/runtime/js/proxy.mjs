// A stretch of network that a test can cut or clog.

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout } from "node:timers/promises";

/** When every client on this machine has heard that its connection is gone, in milliseconds. */
const NOTICED_AFTER = 200;

/**
 * Stands between a client and the server of a URL.
 *
 * @param {string} target the URL of a database
 * @returns {Promise<{
 *   url: string,
 *   cut: () => Promise<void>,
 *   mend: () => Promise<void>,
 *   clog: () => void,
 *   clear: () => void,
 *   aim: (target: string) => void,
 *   close: () => Promise<void>,
 * }>} `cut` ends all connections and refuses new ones until `mend`; from `clog` to `clear` nothing passes, not even the end of a
 * connection, and nobody is told; after `aim`, new connections lead elsewhere
 */
export async function startProxy(target) {
  let server = new URL(target);
  const sockets = new Set();
  /** What waits until the way is clear; nothing while it is. */
  let waiting;
  const pass = (act) => (waiting === undefined ? act() : waiting.push(act));
  const listener = createServer((near) => {
    const far = connect(Number(server.port), server.hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      sockets.add(from);
      const end = () => pass(() => to.destroy());
      from.on("error", end);
      from.on("close", () => (sockets.delete(from), end()));
      from.on("data", (bytes) => pass(() => to.write(bytes)));
      from.on("end", () => pass(() => to.end()));
    }
  });
  const listen = async (port) => {
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
  };
  const cut = async () => {
    if (!listener.listening) return;
    const closed = once(listener, "close");
    listener.close();
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
    // Connections that lie idle hear of it now, and not under the next call.
    await setTimeout(NOTICED_AFTER);
  };
  const clog = () => void (waiting ??= []);
  const clear = () => {
    const acts = waiting ?? [];
    waiting = undefined;
    for (const act of acts) act();
  };
  await listen(0);
  const { port } = listener.address();
  const url = new URL(target);
  url.port = String(port);
  return { url: url.href, cut, mend: () => listen(port), clog, clear, aim: (target) => void (server = new URL(target)), close: cut };
}
