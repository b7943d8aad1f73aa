// One service in a process of its own: `measure.mjs VARIANT FILE SECONDS`. Prints what was measured in process as a line of
// JSON, then serves over HTTP until the input ends, for a client in another process.

import { createServer } from "node:http";
import { callsPerSecond, sessionTimes, signInsPerSecond } from "./load.mjs";
import { open, send } from "./service.mjs";

const [variant, file, seconds] = process.argv.slice(2);
const service = await open(variant, file);
const signIn = () => send(service, service.signIn);
const ask = () => send(service, service.ask);

// Once without a clock: compilation, threads, caches.
await signInsPerSecond(signIn, 1);
const measured = {
  signIns: await signInsPerSecond(signIn, Number(seconds)),
  getSessions: await callsPerSecond(service.getSession, Number(seconds) / 2),
  idle: await sessionTimes(ask, Number(seconds) / 2),
  loaded: await sessionTimes(ask, Number(seconds), signIn),
};

const server = createServer(service.listener).listen(0, "127.0.0.1", () => {
  const { signIn, ask } = service;
  console.log(JSON.stringify({ ...measured, url: `http://127.0.0.1:${server.address().port}`, signIn, ask }));
});
process.stdin.on("end", () => process.exit()).resume();
