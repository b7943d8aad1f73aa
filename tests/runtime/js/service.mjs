// The service over a database, for tests that are about the database.

import { Auth101 } from "../../../js/dist/esm/entry/server.js";
import { optionsOver } from "./served.mjs";

/**
 * @param {import("../../../js/src/driver/database.js").Database} database
 * @returns the service, and the faults that it reports
 */
export function serviceOver(database) {
  const faults = [];
  const onEvent = (event) => event.event === "fault" && faults.push(event);
  return { auth: new Auth101({ ...optionsOver(database), onEvent }), faults };
}
