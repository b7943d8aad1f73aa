// Instances that are lost, and requests that are given up.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { json } from "../requests.mjs";
import { head, sendAndLeave } from "./uploads.mjs";

/**
 * Registers the claims.
 *
 * @param {() => Promise<object>} start starts an application that mounts the routes beside `/me` and routes that panic:
 *   `fetch`, `url`, `sql`, `dispose`
 * @param {object} loss
 * @param {(response: Response) => Promise<void>} loss.isLost checks how the platform answers for a lost instance
 * @param {(service: object) => Promise<void>} [loss.isTold] checks what is said of it elsewhere
 */
export function claimRecovery(start, { isLost, isTold = async () => {} }) {
  let service;
  let bearer;
  before(async () => {
    service = await start();
    const { access_token } = await (await signUp("recovery")).json();
    bearer = { headers: { authorization: `Bearer ${access_token}` } };
  });
  after(() => service?.dispose());

  const signUp = (name, init) =>
    service.fetch("/auth/sign-up/email", { ...json({ email: `${name}@example.com`, password: "password" }), ...init });
  const knowsMe = async () => assert.equal((await service.fetch("/me", bearer)).status, 200);
  const goesOn = async () => {
    for (let request = 0; request < 10; request++) await knowsMe();
  };

  for (const [path, event] of [
    ["/panic", "a panic"],
    ["/panic/later", "a panic after an await"],
    ["/panic/stack", "an overflow of the stack"],
  ]) {
    test(`after ${event} the next ten requests work (R31)`, async () => {
      await isLost(await service.fetch(path));
      await goesOn();
      await isTold(service);
    });
  }

  test("requests beside a panic are answered: as they should be, or as lost (R31)", async () => {
    const beside = Array.from({ length: 20 }, () => service.fetch("/me", bearer));
    const [panicked, ...answers] = await Promise.all([service.fetch("/panic"), ...beside]);
    await isLost(panicked);
    for (const answer of answers) {
      if (answer.status !== 200) await isLost(answer);
    }
    await knowsMe();
  });

  test("a burst of requests that are given up wedges nothing and leaves nothing half done (R31)", async () => {
    const burst = Array.from({ length: 100 }, async (_, index) => {
      const controller = new AbortController();
      const response = signUp(`burst-${index}`, { signal: controller.signal });
      // Spread over whatever a request goes through; none of them has to be caught at a certain point.
      setTimeout(() => controller.abort(), index % 25);
      await response.catch((error) => assert.equal(error.name, "AbortError"));
    });
    await Promise.all(burst);
    for (let request = 0; request < 10; request++) {
      assert.equal((await signUp(`after-${request}`)).status, 201);
    }
    // Some of those that were given up may still be at work: only one statement sees one moment.
    const count = (table) => `(SELECT count(*) FROM ${table}) AS ${table}`;
    const [row] = await service.sql(`SELECT ${["users", "account", "session"].map(count).join(", ")}`);
    assert.ok(row.users >= 10, `${row.users} users`);
    assert.deepEqual(row, { users: row.users, account: row.users, session: row.users });
  });

  test("uploads that break off in the middle wedge nothing (R31)", async () => {
    const half = `${head("/auth/sign-up/email", "Content-Length: 1000")}{"email":"half@example.com",`;
    await Promise.allSettled(Array.from({ length: 50 }, () => sendAndLeave(service.url, half)));
    await goesOn();
  });
}
