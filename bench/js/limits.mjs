// What happens at the limits: `cargo xtask bench limits` builds the package and runs this.

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { overload } from "./overload.mjs";
import { purge } from "./purge.mjs";

const HASHES = [30, 500, 2_000];
const ROWS = [10_000, 100_000, 1_000_000];
const say = (text) => console.error(`==> ${text}`);

const purges = [];
for (const count of ROWS) {
  say(`Purging ${count} sessions`);
  purges.push(await purge(count));
}
const overloads = [];
for (const milliseconds of HASHES) {
  say(`Signing in at three times the capacity, with hashes of ${milliseconds} ms`);
  overloads.push(await overload(milliseconds));
}

const machine = `${cpus().length} × ${cpus()[0].model.trim()}, Node ${process.versions.node}, ${process.platform}`;
const date = new Date().toISOString().slice(0, 10);
const row = (cells) => `| ${cells.join(" | ")} |`;
const rate = (value) => `${value.toPrecision(3)}/s`;
const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ms`;
const text = `# At the limits

Written by \`cargo xtask bench limits\` on ${date}: ${machine}.

## Three times as many sign-ins as can be hashed

| hash | capacity | offered | answered with tokens | of capacity | wait of those, p50 | refused within, p99 |
|---:|---:|---:|---:|---:|---:|---:|
${overloads
  .map(({ milliseconds, capacity, offered, goodput, wait, refusal }) =>
    row([ms(milliseconds), rate(capacity), rate(offered), rate(goodput), `${Math.round((100 * goodput) / capacity)} %`, ms(wait), ms(refusal)]),
  )
  .join("\n")}

Two threads hash, over \`node:sqlite\` in memory. The capacity is what they do where no more sign-ins are under way than there are
threads, before and after. Whoever is refused hears 503 with \`Retry-After\`. The time of a hash is what it takes while both
threads work.

## A purge of expired sessions

| sessions | purge | for each 1,000 | longest pause of the event loop | pauses, p99 | slowest session meanwhile |
|---:|---:|---:|---:|---:|---:|
${purges
  .map(({ count, took, pause, pause99, sessions, session }) =>
    row([count.toLocaleString("en"), ms(took), ms((1_000 * took) / count), ms(pause), ms(pause99), `${ms(session)} of ${sessions}`]),
  )
  .join("\n")}

Over a file of \`node:sqlite\`, on the thread that answers requests. A session is asked for every 50 ms.
`;
await writeFile(new URL("limits.md", import.meta.url), text);
console.log(text);
