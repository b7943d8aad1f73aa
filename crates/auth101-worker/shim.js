// What stands between the runtime and the WebAssembly module: the two events, and what becomes of a request whose
// instance is lost.
//
// A panic or a trap loses the instance with every request in it; the generated code then puts a new instance in its
// place before the next call. The futures of the lost one never settle, and the runtime would let their requests hang.
// So all requests in flight are kept, and answered here when their instance is lost.

import * as core from "./worker.js";

/** The requests in flight: what to call when their instance is lost. */
const inFlight = new Set();
const LOST = Symbol("lost");

/** What the routes answer to a defect, in their words: the instance that knows them is gone. */
function internalError() {
  return new Response('{"error":{"message":"Internal server error","code":"INTERNAL_ERROR"}}', {
    status: 500,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
  });
}

function loseAll(error) {
  // Its name only: what an exception says may come from anywhere. A panic has logged its own words before.
  console.error(JSON.stringify({ event: "fault", fault: "instance_lost", error: error?.name }));
  for (const lose of inFlight) lose();
  inFlight.clear();
}

// Futures run in microtasks, whose exceptions reach nobody else. A trap or an exception that crossed the module loses the
// instance, and the generated code knows; any other error is that of a host's own code in this isolate.
addEventListener("error", ({ error }) => {
  if (core.isLost()) loseAll(error);
});

/** The result of a call into the module, or what `lost` gives. It never hangs. */
function run(context, call, lost) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const lose = () => resolve(LOST);
  inFlight.add(lose);
  try {
    call().then(resolve, reject);
  } catch (error) {
    loseAll(error);
  }
  // Here and not in `lose`, which another request calls: an answer belongs to the request that it is made in.
  const result = promise.then((value) => (value === LOST ? lost() : value)).finally(() => inFlight.delete(lose));
  // A client that goes away does not stop its request half-way: it runs to its end and leaves nothing behind.
  context.waitUntil(result.catch(() => {}));
  return result;
}

export default {
  fetch(request, env, context) {
    return run(context, () => core.fetch(request, env, context), internalError);
  },
  // The build says whether the module has the event: not every Worker has a schedule.
  ...(HAS_SCHEDULED && {
    scheduled(event, env, context) {
      return run(context, () => core.scheduled(event, env, context), () => {
        throw new Error("the WebAssembly instance is lost");
      });
    },
  }),
};
