// A script that signs up once and has nothing else to do: the threads must neither end it early nor keep it alive.

import { Auth101 } from "../../../../js/dist/esm/entry/server.js";
import { sqlite } from "../../../../js/dist/esm/driver/sqlite.js";

const auth = new Auth101({ secret: "a-secret-of-the-tests-with-more-than-32-bytes", database: sqlite(":memory:") });
const { user } = await auth.signUp({ email: "ada@example.com", password: "correct horse" });
console.log(user.email);
