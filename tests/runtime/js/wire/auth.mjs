// The services of the servers beside this: their options come in the environment, and a request names one by its number.

import { Auth101 } from "../../../../js/dist/esm/entry/server.js";
import { sqlite } from "../../../../js/dist/esm/driver/sqlite.js";

const { services, file } = JSON.parse(process.env.AUTH101_TEST);
const database = sqlite(file);
const auths = services.map((options) => new Auth101({ ...options, database, onEvent: () => {} }));

/** The service that is named. */
export const authOf = (name) => auths[Number(name)];
