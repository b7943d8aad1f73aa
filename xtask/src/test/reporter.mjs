// Says of each file of tests how long it took. For Node.js' test runner, beside its own reporter.

import { relative } from "node:path";

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== "test:summary" || !data.file) continue;
    yield `file ${relative(process.cwd(), data.file)}: ${(data.duration_ms / 1000).toFixed(1)} s\n`;
  }
}
