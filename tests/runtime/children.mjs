// Programs that tests start. They end with their file: where a test has failed and not ended them, which would keep the file
// alive for ever, and where the runner ends the file because it hangs.

import { once } from "node:events";
import { createServer } from "node:net";
import { after } from "node:test";

/** What ends those that run. */
const ends = new Set();

function endAll() {
  for (const end of ends) end();
}

after(endAll);
process.once("SIGTERM", () => {
  endAll();
  process.exit(1);
});

/**
 * Lets a program end with this process.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @param {() => void} [end] what ends it
 */
export function endsWithThis(child, end = () => child.kill("SIGKILL")) {
  ends.add(end);
  child.once("exit", () => ends.delete(end));
  return child;
}

/** A port that nobody listens on at the moment. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await once(server.close(), "close");
  return port;
}
