// The figures as a drawing: what sign-ins do to everybody else's session request.

import { number } from "./report.mjs";

const WIDTH = 700;
const LEFT = 270;
const ROW = 34;
const TOP = 64;
const SERIES = [
  ["auth101-wasm", (m) => m.pool.http, "#0b7285"],
  ["auth101-wasm, hashWorkers: 0", (m) => m.inline.http, "#74b8c4"],
  ["better-auth", (m) => m.better.http, "#868e96"],
];

/** Bars of p50 and p99 on a logarithmic scale. */
export function drawing(measured) {
  const bars = SERIES.flatMap(([name, of, colour]) =>
    ["p50", "p99"].map((quantile) => ({ label: `${name}, ${quantile}`, value: of(measured)[quantile], colour })),
  );
  const most = 10 ** Math.ceil(Math.log10(Math.max(...bars.map(({ value }) => value))));
  const least = Math.min(1, 10 ** Math.floor(Math.log10(Math.min(...bars.map(({ value }) => value)))));
  const length = (value) => ((WIDTH - LEFT - 90) * Math.log(value / least)) / Math.log(most / least);
  const lines = bars.map(({ label, value, colour }, index) => {
    const y = TOP + index * ROW;
    return `  <text x="${LEFT - 10}" y="${y + 16}" text-anchor="end">${label}</text>
  <rect x="${LEFT}" y="${y}" width="${Math.max(1, length(value)).toFixed(1)}" height="22" fill="${colour}"/>
  <text x="${(LEFT + Math.max(1, length(value)) + 8).toFixed(1)}" y="${y + 16}">${number(value)} ms</text>`;
  });
  const ticks = [];
  for (let value = least; value <= most; value *= 10) {
    const x = (LEFT + length(value)).toFixed(1);
    ticks.push(`  <line x1="${x}" y1="${TOP - 8}" x2="${x}" y2="${TOP + bars.length * ROW}" stroke="#dee2e6"/>
  <text x="${x}" y="${TOP + bars.length * ROW + 16}" text-anchor="middle" fill="#495057">${number(value)}</text>`);
  }
  const height = TOP + bars.length * ROW + 40;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">
  <rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
  <text x="16" y="28" font-size="16" font-weight="600">Time of a session request while eight clients sign in</text>
  <text x="16" y="46" fill="#495057">over HTTP, in milliseconds, logarithmic; cargo xtask bench js</text>
${ticks.join("\n")}
${lines.join("\n")}
</svg>
`;
}
