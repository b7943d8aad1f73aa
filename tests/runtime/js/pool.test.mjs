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
      const { signedIn, ...report } = JSON.parse(await run(runtime, program("load")));
      assert.deepEqual(report, { email: "ada@example.com", before: 0 });
      // On a busy machine the pool sheds some of them.
      assert.ok(signedIn > 0);
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

/** Fake timers, by which the clock of the pool goes too: it is moved by the steps of `tick`. */
function mockTime(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  return (milliseconds) => {
    now += milliseconds;
    t.mock.timers.tick(milliseconds);
  };
}

/** A pool of one thread whose jobs have been seen to take so long. */
async function measured(t, milliseconds) {
  const tick = mockTime(t);
  const made = scripted(1);
  const first = made.start();
  made.threads[0].listener.ready();
  tick(milliseconds);
  made.threads[0].listener.done(job(9));
  await first;
  return { ...made, tick };
}

for (const [milliseconds, taken] of [[30, 134], [500, 9], [2_000, 3], [20_000, 2]]) {
  test(`of a flood, no more jobs of ${milliseconds} ms are taken than can be begun in time`, async (t) => {
    const { pool, start } = await measured(t, milliseconds);
    const answers = [];
    for (let number = 0; number < taken + 5; number += 1) void start().then((answer) => answers.push(answer));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answers.length, 5, "the others wait");
    const wait = Math.ceil((taken * milliseconds) / 1_000);
    assert.deepEqual(answers, Array(5).fill({ retryAfter: wait }));
    await pool.close();
  });
}

test("a job that is not taken is wiped", async (t) => {
  const { pool, start } = await measured(t, 10_000);
  for (let number = 0; number < 3; number += 1) void start();
  const one = job(7);
  assert.ok((await pool.run(one, () => assert.fail("not here"), () => {})).retryAfter > 0);
  assert.deepEqual(one, job(0));
});

test("a job that has waited for too long is not begun, and the thread goes on with the next", async (t) => {
  const tick = mockTime(t);
  const { threads, start } = scripted(1);
  const working = start(1);
  threads[0].listener.ready();
  const stale = start(2);
  tick(4_000);
  const fresh = start(3);
  // The event loop was busy: the time is over, and no timer has run.
  t.mock.timers.reset();
  t.mock.method(performance, "now", () => 6_000);
  threads[0].listener.done(job(1));
  assert.deepEqual(await working, job(1));
  assert.ok((await stale).retryAfter > 0);
  assert.deepEqual(threads[0].jobs.at(-1), job(3));
  threads[0].listener.done(job(9));
  assert.deepEqual(await fresh, job(9));
});

test("a job that waits behind one that hangs hears so when its own time is over", async (t) => {
  const tick = mockTime(t);
  const { threads, start } = scripted(1);
  void start(1);
  threads[0].listener.ready();
  const waiting = start(2);
  tick(5_001);
  assert.ok((await waiting).retryAfter > 0);
  assert.equal(threads[0].hasEnded, false);
});

test("under three times the load that it can bear, a pool works without a pause, and ends no thread", async (t) => {
  for (const took of [30, 500, 2_000]) {
    await t.test(`with jobs of ${took} ms`, async (t) => {
      const tick = mockTime(t);
      const { pool, threads, start } = scripted(1);
      let done = 0;
      let idle = 0;
      void start();
      threads[0].listener.ready();
      for (let round = 0; round < 100; round += 1) {
        for (let call = 0; call < 3; call += 1) {
          void start().then((outcome) => (done += outcome instanceof Uint8Array ? 1 : 0));
          tick(took / 3);
        }
        if (threads[0].held.at(-1) === false) idle += 1;
        threads[0].listener.done(job(1));
        await Promise.resolve();
      }
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(idle, 0);
      assert.equal(done, 99, "all of its work ends in an answer");
      assert.equal(threads.length, 1);
      assert.equal(threads[0].hasEnded, false);
      await pool.close();
    });
  }
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

test("a thread that hangs over a job is ended after half a minute of its own, and the job fails", async (t) => {
  const tick = mockTime(t);
  const { threads, start } = scripted(1);
  const before = start(1);
  const hanging = start(2);
  threads[0].listener.ready();
  tick(4_000);
  threads[0].listener.done(job(1));
  assert.deepEqual(await before, job(1));
  tick(29_999);
  const next = start(3);
  assert.equal(threads[0].hasEnded, false);
  tick(1);
  assert.equal(await hanging, undefined);
  assert.equal(threads[0].hasEnded, true);
  threads[0].listener.done(job(8));
  threads[1].listener.ready();
  threads[1].listener.done(job(9));
  assert.deepEqual(await next, job(9));
});

test("a thread that never becomes ready is ended after half a minute, and told", async (t) => {
  const tick = mockTime(t);
  const { threads, faults, start } = scripted(1);
  void start(1);
  tick(27_000);
  const second = start(2);
  tick(3_000);
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
