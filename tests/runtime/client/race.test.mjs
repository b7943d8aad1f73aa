// Pages that share a session race each other, answers are late or lost, pages freeze: nobody is logged out by it, and
// nobody who signed out is signed in again. The service is the real one. Each property is also run over a client that is
// wrong in one way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Auth101 } from "../../../js/dist/esm/entry/server.js";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";
import { clientScript } from "./page.mjs";
import { BASE } from "./service.mjs";
import { randomFrom, World } from "./world.mjs";

const SEEDS = 150;
/** Minutes, the shortest there is. */
const ACCESS_TOKEN_EXPIRES_IN = 1;
/** Milliseconds: the turn of a page that hangs, two tries and the pause between them, with room for the network. */
const LONGEST_CALL = 20_000;

/** The time of the world that runs, for the service too. */
let world;
const { now } = Date;
before(() => (Date.now = () => (world ? Math.floor(world.now) : now())));
after(() => (Date.now = now));

let lives = 0;
const service = new Auth101({
  secret: "a-secret-of-the-tests-with-more-than-32-bytes",
  database: sqlite(":memory:"),
  accessTokenExpiresIn: ACCESS_TOKEN_EXPIRES_IN,
  allowWeakArgon2: true,
  argon2Memory: 8,
  argon2Iterations: 1,
  hashWorkers: 0,
});

/**
 * Pages live through some minutes. Throws where a property does not hold.
 *
 * Within a seed either answers are lost (one in a row, as the grace period allows) or a page is frozen for a while (and
 * another one, if there is any, refreshes at that time): else
 * an answer is away for longer than the grace period, and no client helps.
 */
async function live(script, seed) {
  const random = randomFrom(seed);
  world = new World(random, (request) => service.handler(request));
  const hasLocks = world.chance(0.5);
  const pages = Array.from({ length: Math.floor(world.between(1, 4)) }, () => world.openPage(script, BASE, { hasLocks }));
  const isFreezing = world.chance(0.5);
  const heard = pages.map((page) => {
    const list = [];
    page.auth.subscribe((session) => list.push(session && session.user.email));
    return list;
  });

  // An address of this life's own: the database has seen others.
  const signUp = pages[0].auth.signUp({ email: `ada-${++lives}@example.com`, password: "correct horse" });
  await world.run();
  const { error } = await signUp;
  assert.ok(!error, `sign-up: ${error?.message}`);

  const calls = [];
  const call = (page, delay, method = ["accessToken", "getSession", "refresh"][Math.floor(world.between(0, 3))]) => {
    const record = { method };
    calls.push(record);
    world.after(
      delay,
      async () => {
        record.began = world.now;
        record.result = await page.auth[method]();
        record.took = world.now - record.began;
        record.wasFrozen = page.frozenUntil > record.began;
      },
      page,
    );
  };
  let delay = 0;
  for (let burst = 0; burst < 8; burst++) {
    delay += world.between(1_000, 90_000);
    const [frozen, awake = frozen] = shuffled(pages, random);
    for (const page of pages) {
      const times = Math.floor(world.between(0, 4));
      for (let time = 0; time < times; time++) call(page, delay + world.between(0, 1_000));
    }
    world.after(delay, () => {
      if (!isFreezing) {
        for (const page of pages) page.losesRefresh = world.chance(0.3);
      } else if (pages.every(({ frozenUntil }) => frozenUntil <= world.now)) {
        const [from, length] = [world.between(0, 3_000), world.between(5_000, 200_000)];
        world.after(from, () => (frozen.frozenUntil = world.now + length));
        call(awake, from + world.between(0, 1_000), "refresh");
      }
    });
  }
  await world.run();

  for (const { method, result, took, wasFrozen } of calls) {
    assert.ok(result, `${method} never ended`);
    assert.ok(!result.error, `${method}: ${result.error?.code}`);
    assert.ok(wasFrozen || took < LONGEST_CALL, `${method} took ${took} ms`);
  }
  const { refresh_token: stored } = pages[0].storage.get();
  assert.ok(!(await service.refresh(stored)).error, "the session lives at the service");
  for (const list of heard) assert.ok(list.filter((email) => email === null).length <= 1, "logged out");

  // Somebody signs out in the middle of it all.
  for (const page of pages) {
    page.losesRefresh = false;
    for (let time = 0; time < 3; time++) call(page, world.between(0, 4_000));
  }
  world.after(world.between(0, 4_000), () => void pages[0].auth.signOut());
  await world.run();
  assert.equal(pages[0].storage.get(), null, "signed out, and it stays so");
  assert.equal((await service.refresh(stored)).error?.code, "SESSION_NOT_FOUND", "and over at the service");
  for (const list of heard) assert.equal(list.at(-1), null, "every page has heard it");
}

function shuffled(list, random) {
  return list
    .map((item) => [random(), item])
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** The first seed for which a property does not hold. */
async function firstFailure(script) {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const error = await live(script, seed).then(() => undefined, (error) => error);
    if (error) return { seed, error };
  }
  return undefined;
}

test("nobody is logged out by races, and nobody who signed out comes back", async () => {
  const failure = await firstFailure(await clientScript());
  if (failure) assert.fail(`seed ${failure.seed}: ${failure.error.stack}`);
});

const MUTATIONS = {
  "that saves whatever comes": {
    mutation: { "saving.ts": ["if (stored.refresh_token === sent)", "if (true)"] },
    message: /SESSION_NOT_FOUND|NOT_SIGNED_IN/,
  },
  "that saves after a sign-out": {
    mutation: { "saving.ts": ["if (stored === null) return false;", "if (stored === null) return true;"] },
    message: /signed out, and it stays so/,
  },
  "that does not ask again after a lost answer": {
    mutation: { "refresh.ts": ["const TRIES = 2;", "const TRIES = 1;"] },
    message: /NETWORK_ERROR/,
  },
  "that waits for a page that hangs": {
    mutation: { "refresh.ts": ["patience: timeout + 1000", "patience: 1e9"] },
    message: /took/,
  },
  "that believes its timer before it looks whether the answer is there": {
    mutation: { "bounded.ts": ["setTimeout(() => (timer = setTimeout(expire, LAST_CALL)), ", "setTimeout(expire, "] },
    message: /NETWORK_ERROR|SESSION_NOT_FOUND|NOT_SIGNED_IN/,
  },
};
for (const [what, { mutation, message }] of Object.entries(MUTATIONS)) {
  test(`a client ${what} fails here`, async () => {
    const failure = await firstFailure(await clientScript(mutation));
    assert.ok(failure, "no seed finds it");
    assert.match(failure.error.message, message);
  });
}
