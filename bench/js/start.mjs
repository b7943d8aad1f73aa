// How long a program takes to import and construct a service: `start.mjs VARIANT`. Prints milliseconds.

import { DatabaseSync } from "node:sqlite";

const secret = "a-secret-of-the-benchmark-with-more-than-32-bytes";
const started = performance.now();
if (process.argv[2] === "better") {
  const { betterAuth } = await import("better-auth");
  betterAuth({ database: new DatabaseSync(":memory:"), secret, emailAndPassword: { enabled: true } });
} else {
  const { Auth101 } = await import("auth101-wasm");
  const { sqlite } = await import("auth101-wasm/sqlite");
  new Auth101({ secret, database: sqlite(":memory:") });
}
console.log(performance.now() - started);
process.exit();
