// Hashes by Python take 64 MiB. They verify within the memory of a Worker, which is 128 MB for everything, and of a component
// that has no more; and where the configuration says so they are brought to the configured cost, which Python reads as well.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { somebody, succeeded } from "./client.mjs";
import { startPair } from "./pair.mjs";
import { spinOnSqlite } from "./sides/spin.mjs";
import { workerWithProbe } from "./sides/worker.mjs";

/** Of an isolate, by https://developers.cloudflare.com/workers/platform/limits/. */
const LIMIT = 128_000_000;
/** What an isolate needs besides the memory of the WebAssembly module, generously. */
const REST = 16_000_000;
const MEMORY_OF_A_HASH = 64 * 1_024 * 1_024;

/** How much memory the sign-ins took; the runtimes tell it in different ways. */
const RUNTIMES = {
  "a Worker": {
    side: workerWithProbe,
    // Linear memory never shrinks.
    measure: async (ours, act) => {
      const size = async () => Number((await ours.request("/memory-of-the-module")).text);
      assert.ok((await size()) < MEMORY_OF_A_HASH);
      await act();
      return (await size()) + REST;
    },
  },
  "a component": {
    side: spinOnSqlite,
    // By how much the host's process grew at most, its instances included.
    measure: async ({ pid }, act) => {
      const read = async (name) =>
        Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(await readFile(`/proc/${pid}/status`, "utf8"))[1]) * 1_024;
      const before = await read("VmRSS");
      // Forgets the highest so far.
      await writeFile(`/proc/${pid}/clear_refs`, "5");
      await act();
      return (await read("VmHWM")) - before;
    },
  },
};

for (const [name, { side, measure }] of Object.entries(RUNTIMES)) {
  test(`hashes of 64 MiB are verified within the memory of ${name}, and replaced where the configuration says so`, async () => {
    const { python, ours, stop } = await startPair(side, "FastAPI", { options: { rehash: "match" } });
    try {
      const select = "SELECT {account.password} AS password FROM {account} WHERE {account.user_id} = ?";
      const stored = async ({ id }) => (await python.sql(select, [id]))[0].password;
      const people = Array.from({ length: 3 }, somebody);
      for (const person of people) {
        person.user = succeeded(await python.signUp(person.email, person.password)).user;
        assert.match(await stored(person.user), /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
      }
      const memory = await measure(ours, async () => {
        for (const { email, password } of people) succeeded(await ours.signIn(email, password));
      });
      assert.ok(memory > MEMORY_OF_A_HASH, `that is not the memory in question: ${memory} bytes`);
      assert.ok(memory < LIMIT, `${memory} bytes`);

      for (const { email, password, user } of people) {
        assert.match(await stored(user), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
        assert.deepEqual(succeeded(await python.signIn(email, password)).user, user);
        assert.deepEqual(succeeded(await ours.signIn(email, password)).user, user);
      }
    } finally {
      await stop();
    }
  });
}
