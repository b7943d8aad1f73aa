// The claims about requests that meet, as tests.

import { after, before, test } from "node:test";
import { races } from "./races.mjs";

/**
 * @param {() => Promise<object>} start starts a service on an empty database: `fetch`, `sql`, `dispose`
 */
export function claimRaces(start) {
  let service;
  before(async () => (service = await start()));
  after(() => service?.dispose());
  for (const [title, claim] of Object.entries(races)) test(title, () => claim(service));
}
