// What `/session` waits for while sign-ins run: prints how many of them had hashed and gone on to write when a session was
// there that was asked for after all of them.

import { Auth101 } from "../../../../js/dist/esm/entry/server.js";
import { sqlite } from "../../../../js/dist/esm/driver/sqlite.js";

let writes = 0;
const inner = sqlite(":memory:");
const database = {
  ...inner,
  batch(statements, transaction) {
    // A sign-in reads by one statement, before its hash, and writes by several, after it.
    if (statements.length > 1) writes += 1;
    return inner.batch(statements, transaction);
  },
};
const secret = "a-secret-of-the-tests-with-more-than-32-bytes";
const hashWorkers = process.argv[2] === undefined ? undefined : Number(process.argv[2]);
const auth = new Auth101({ secret, database, hashWorkers });
const ada = { email: "ada@example.com", password: "correct horse" };
const { access_token } = await auth.signUp(ada);
writes = 0;
const signIns = Array.from({ length: 8 }, () => auth.signIn(ada));
const { user } = await auth.getSession(access_token);
const before = writes;
const signedIn = (await Promise.all(signIns)).filter(({ error }) => error === undefined).length;
console.log(JSON.stringify({ email: user.email, before, signedIn }));
