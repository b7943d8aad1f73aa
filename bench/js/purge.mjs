// Expired sessions are purged from a file of SQLite, while somebody asks for a session.

import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { Auth101 } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";
import { quantile } from "./load.mjs";

/** Milliseconds between two looks at the event loop, and between two sessions that are asked for. */
const LOOK = 5;
const ASK = 50;

/** Rows as another program leaves them: random identifiers, among one user that has a session. */
function fill(file, count) {
  const rows = new DatabaseSync(file);
  rows.exec("PRAGMA synchronous = OFF");
  const insert = rows.prepare(
    "INSERT INTO session (id, created_at, updated_at, ip_address, user_agent, expires_at, token, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const past = "2020-01-01 00:00:00.000000";
  rows.exec("BEGIN");
  for (let row = 0; row < count; row += 1) {
    insert.run(randomUUID(), past, past, "192.0.2.1", "a browser", past, randomUUID(), `user-${row % 1_000}`);
  }
  rows.exec("COMMIT");
  rows.close();
}

/** @returns milliseconds: the purge, its longest pauses of the event loop, and what a session takes meanwhile */
export async function purge(count) {
  const directory = await mkdtemp(join(tmpdir(), "auth101-bench-"));
  try {
    const file = join(directory, "auth.db");
    const auth = new Auth101({
      secret: "a-secret-of-the-benchmark-with-more-than-32-bytes",
      database: sqlite(file),
      hashWorkers: 0,
    });
    const { access_token } = await auth.signUp({ email: "ada@example.com", password: "correct horse battery" });
    fill(file, count);

    const pauses = [];
    let last = performance.now();
    const look = () => {
      const now = performance.now();
      pauses.push(now - last);
      last = now;
    };
    const looking = setInterval(look, LOOK);
    const asked = [];
    const asking = setInterval(() => {
      const began = performance.now();
      asked.push(auth.verifyToken(access_token).then((user) => ({ user, took: performance.now() - began })));
    }, ASK);
    const began = performance.now();
    const removed = await auth.purge();
    const took = performance.now() - began;
    look();
    clearInterval(looking);
    clearInterval(asking);
    const sessions = await Promise.all(asked);
    await auth.close();
    if (removed !== count || sessions.some(({ user }) => user === null)) throw new Error("the purge removed something else");
    const times = sessions.map(({ took }) => took).sort((a, b) => a - b);
    pauses.sort((a, b) => a - b);
    return { count, took, pause: pauses.at(-1), pause99: quantile(pauses, 0.99), sessions: times.length, session: times.at(-1) };
  } finally {
    await rm(directory, { recursive: true });
  }
}
