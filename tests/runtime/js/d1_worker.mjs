// The suites and the races inside workerd, over its D1: a Worker that answers `/driver`, `/store`, and `/race0` for the
// first race, and takes the database from the binding of that name.

import { Auth101 } from "../../../js/dist/esm/entry/workerd.js";
import { d1 } from "../../../js/dist/esm/driver/d1.js";
import wasm from "../../../build/js-suite/suite_bg.wasm";
import * as module from "../../../build/js-suite/suite.js";
import { races } from "../claims/races.mjs";
import { served } from "./served.mjs";
import { runSuite } from "./suite.mjs";

module.initSync({ module: wasm });

export default {
  async fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    try {
      return Response.json({ passed: await check(name, d1(env[name])) });
    } catch (error) {
      return Response.json({ failure: `${error}` }, { status: 500 });
    }
  },
};

async function check(name, database) {
  const [, race] = /^race(\d)$/.exec(name) ?? [];
  if (race === undefined) return runSuite(module, name, database);
  const [title, claim] = Object.entries(races)[race];
  await claim(await served(Auth101, database));
  return [title];
}
