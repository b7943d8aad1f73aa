// The threads that hash: the one that answers stays free, and nothing waits for ever.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HashPool } from "../../../js/dist/esm/hash/pool.js";
import { run, runtimes } from "./runtimes.mjs";

for (const runtime of runtimes) {
  describe(`on ${runtime}`, () => {
    const program = (name) => new URL(`program/${name}.mjs`, import.meta.url);

    test("a script that is done ends by itself, and not before, without any permission", async () => {
      assert.equal(await run(runtime, program("script")), "ada@example.com\n");
    });

    test("a session is read while sign-ins are hashed", async () => {
      const report = JSON.parse(await run(runtime, program("load")));
      assert.deepEqual(report, { email: "ada@example.com", before: 0, signedIn: 8 });
    });

    test("without threads a session waits for the sign-ins before it", async () => {
      const report = JSON.parse(await run(runtime, program("load"), { args: ["0"] }));
      assert.deepEqual(report, { email: "ada@example.com", before: 8, signedIn: 8 });
    });
  });
}

/** A pool whose threads do what the test says. */
function scripted(size, { fails = () => false } = {}) {
  const threads = [];
  const pool = new HashPool(size, (listener) => {
    if (fails(threads.length)) throw new Error("no permission");
    const thread = { listener, jobs: [], held: [], hasEnded: false };
    threads.push(thread);
    return {
      send: (job) => thread.jobs.push(job),
      hold: (isWorking) => thread.held.push(isWorking),
      end: async () => {
        thread.hasEnded = true;
        listener.ended();
      },
    };
  });
  const faults = [];
  const start = (number = 1) => pool.run(job(number), (job) => job.slice(), (fault) => faults.push(fault));
  return { pool, threads, faults, start };
}

const job = (number) => Uint8Array.of(number);

test("threads start when there is work for them, and no more than the pool holds", () => {
  const { threads, start } = scripted(2);
  assert.equal(threads.length, 0);
  start();
  assert.equal(threads.length, 1);
  start();
  start();
  assert.equal(threads.length, 2);
});

test("a thread that is free gets the next job, in order", async () => {
  const { threads, start } = scripted(1);
  const results = [start(1), start(2), start(3)];
  const [{ listener, jobs, held }] = threads;
  listener.ready();
  for (const number of [1, 2, 3]) {
    assert.deepEqual(jobs.at(-1), job(number));
    listener.done(job(number * 10));
    assert.deepEqual(await results[number - 1], job(number * 10));
  }
  assert.equal(held.at(-1), false);
  start(4);
  assert.deepEqual(jobs.at(-1), job(4));
  assert.equal(held.at(-1), true);
});

test("a thread that dies fails its own job, and another takes its place", async () => {
  const { threads, start } = scripted(1);
  const [lost, waiting] = [start(1), start(2)];
  threads[0].listener.ready();
  threads[0].listener.ended();
  assert.equal(await lost, undefined);
  threads[1].listener.ready();
  assert.deepEqual(threads[1].jobs, [job(2)]);
  threads[1].listener.done(job(9));
  assert.deepEqual(await waiting, job(9));
});

test("a flood is turned away, and its passwords are wiped", async () => {
  const { pool, start } = scripted(1);
  const first = Array.from({ length: 64 }, () => start());
  const one = job(7);
  assert.equal(await pool.run(one, () => assert.fail("not here"), () => {}), undefined);
  assert.deepEqual(one, job(0));
  await pool.close();
  assert.deepEqual(new Set(await Promise.all(first)), new Set([undefined]));
});

for (const [how, make] of Object.entries({
  "cannot be started": () => scripted(2, { fails: () => true }),
  "die before they are ready": () => {
    const made = scripted(2);
    queueMicrotask(() => made.threads[0].listener.ended());
    return made;
  },
})) {
  test(`where threads ${how}, hashes are made in place, and that is told`, async () => {
    const { start, faults, threads } = make();
    assert.deepEqual(await start(5), job(5));
    assert.equal(faults[0].subject, "hashWorkers");
    assert.deepEqual(await start(6), job(6));
    assert.equal(faults.length, 1);
    assert.ok(threads.length <= 1);
  });
}

test("that no thread starts is told once, however many jobs waited for it", async () => {
  const { threads, faults, start } = scripted(1);
  const results = [start(1), start(2), start(3)];
  threads[0].listener.ended();
  assert.deepEqual(await Promise.all(results), [job(1), job(2), job(3)]);
  assert.equal(faults.length, 1);
});

for (const [how, fail] of Object.entries({
  "are refused": undefined,
  "end before they are ready": (thread) => thread.listener.ended(),
})) {
  test(`where threads ${how} after one has worked, jobs fail and the pool stays`, async () => {
    let isShort = false;
    const { threads, faults, start } = scripted(1, { fails: () => isShort && fail === undefined });
    const first = start(1);
    threads[0].listener.ready();
    threads[0].listener.done(job(1));
    await first;
    isShort = true;
    const [lost, waiting] = [start(2), start(3)];
    threads[0].listener.ended();
    fail?.(threads[1]);
    assert.deepEqual(await Promise.all([lost, waiting]), [undefined, undefined]);
    assert.ok(threads.length <= 2, "no other is started for nobody");
    isShort = false;
    const last = start(4);
    threads.at(-1).listener.ready();
    threads.at(-1).listener.done(job(9));
    assert.deepEqual(await last, job(9));
    assert.deepEqual(faults, [], "it is no rule that threads cannot be started here");
  });
}

test("while others run, a thread that does not start leaves its work to them", async () => {
  const { threads, start } = scripted(2);
  const results = [start(1), start(2)];
  threads[0].listener.ready();
  threads[1].listener.ended();
  threads[0].listener.done(job(1));
  threads[0].listener.done(job(2));
  assert.deepEqual(await Promise.all(results), [job(1), job(2)]);
  assert.equal(threads.length, 2);
});

test("a thread that hangs over a job is ended after half a minute, and the job fails", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { threads, start } = scripted(1);
  const hanging = start(1);
  threads[0].listener.ready();
  t.mock.timers.tick(29_999);
  const next = start(2);
  assert.equal(threads[0].hasEnded, false);
  t.mock.timers.tick(1);
  assert.equal(await hanging, undefined);
  assert.equal(threads[0].hasEnded, true);
  threads[0].listener.done(job(8));
  threads[1].listener.ready();
  threads[1].listener.done(job(9));
  assert.deepEqual(await next, job(9));
});

test("a thread that never becomes ready is ended after half a minute, and told", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { threads, faults, start } = scripted(1);
  const first = start(1);
  t.mock.timers.tick(15_000);
  const second = start(2);
  t.mock.timers.tick(15_000);
  assert.equal(await first, undefined);
  assert.equal(threads[0].hasEnded, true);
  assert.deepEqual(await second, job(2), "whoever has waited for less is served in place");
  assert.equal(faults.length, 1);
});

test("every job is wiped, wherever it was done", async () => {
  const wiped = async (pool, act = () => {}) => {
    const bytes = job(7);
    const result = pool.run(bytes, (given) => given.slice(), () => {});
    await act();
    await result;
    assert.deepEqual(bytes, job(0));
  };
  const inPlace = scripted(1, { fails: () => true }).pool;
  await wiped(inPlace);
  await wiped(inPlace);
  const { pool, threads } = scripted(1);
  await wiped(pool, () => threads[0].listener.ready() ?? threads[0].listener.done(job(1)));
  await wiped(pool, () => threads[0].listener.ended());
  await pool.close();
  await wiped(pool);
});

test("the flags of the process are not those of its threads", async () => {
  // As a module from the command line, and with a module that is loaded first and refuses threads.
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const entry = (path) => JSON.stringify(new URL(`../../../js/dist/esm/${path}`, import.meta.url).href);
  const program = `
    import { Auth101 } from ${entry("entry/server.js")};
    import { sqlite } from ${entry("driver/sqlite.js")};
    const secret = "a-secret-of-the-tests-with-more-than-32-bytes";
    const auth = new Auth101({ secret, database: sqlite(":memory:"), onEvent: (event) => console.log(event.event) });
    await auth.signUp({ email: "ada@example.com", password: "correct horse" });`;
  const preload = new URL("program/refuse_threads.cjs", import.meta.url).pathname;
  const flags = ["--disable-warning=ExperimentalWarning", "--require", preload, "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  assert.equal(stdout, "signed_up\n");
});

test("after the end jobs fail, and threads are gone", async () => {
  const { pool, threads, start } = scripted(1);
  const inProgress = start(1);
  threads[0].listener.ready();
  await pool.close();
  assert.equal(threads[0].hasEnded, true);
  assert.equal(await inProgress, undefined);
  assert.equal(await start(2), undefined);
  assert.equal(threads.length, 1);
});
