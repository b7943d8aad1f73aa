// The figures as a page.

/** What is shown: a title, a unit, and where the figure is. `more` where a higher one is better. */
export const FIGURES = [
  { title: "sign-ins, eight at a time", unit: "/s", of: (m) => m.signIns, more: true },
  { title: "`getSession` in process", unit: "/s", of: (m) => m.getSessions, more: true },
  { title: "session in process, nobody signing in, p50", unit: "ms", of: (m) => m.idle.p50 },
  { title: "the same, p99", unit: "ms", of: (m) => m.idle.p99 },
  { title: "session in process, while eight sign in, p50", unit: "ms", of: (m) => m.loaded.p50 },
  { title: "the same, p99", unit: "ms", of: (m) => m.loaded.p99 },
  { title: "session over HTTP, while eight sign in, p50", unit: "ms", of: (m) => m.http.p50 },
  { title: "the same, p99", unit: "ms", of: (m) => m.http.p99 },
  { title: "import and construct", unit: "ms", of: (m) => m.start },
  { title: "bundled, minified, gzipped", unit: "KB", of: (m) => m.size && m.size / 1_000 },
];

/** The page. */
export function report({ pool, inline, better }, { machine, seconds, rounds, date }) {
  const rows = FIGURES.map(({ title, unit, of, more = false }) => {
    const cells = [pool, inline, better].map((measured) => {
      const value = of(measured);
      return value === undefined ? "" : `${number(value)} ${unit}`;
    });
    const ratio = more ? of(pool) / of(better) : of(better) / of(pool);
    return `| ${title} | ${cells.join(" | ")} | ${number(ratio)} × |`;
  });
  return `# Measured

Written by \`cargo xtask bench js\` on ${date}: ${machine}; ${seconds} seconds a figure, the better
of ${rounds} rounds.

| | auth101-wasm | with \`hashWorkers: 0\` | better-auth | better by |
|---|---:|---:|---:|---:|
${rows.join("\n")}

Each with its defaults, on a SQLite file of its own through \`node:sqlite\`, in turn on the same machine.
auth101-wasm hashes with Argon2id (19 MiB, 2 passes) in WebAssembly, better-auth with scrypt (N = 16384, r = 16, p = 1:
32 MiB) in native code on Node's thread pool. The last column is how many times better auth101-wasm with its pool is;
under 1 it is worse. A session is asked for every 20 ms, and its time counts from when it was due. Over HTTP the client is
another process on the same cores.
`;
}

/** Three digits that count. */
export function number(value) {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
