// The program of docs/sessions.md that refreshes, as it stands there; and the rule that it follows, wherever it is told.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { startWorker } from "../runtime/worker/harness.mjs";
import { client, somebody, succeeded } from "./client.mjs";
import { ROOT } from "./processes.mjs";

const read = (page) => readFile(new URL(page, ROOT), "utf8");

for (const style of ["default", "fastapi"]) {
  test(`the page's program stores what it should, and names what was refused in the style ${style}`, async () => {
    const program = /^```js\n(const claims = .*?)^```$/ms.exec(await read("docs/sessions.md"))[1];
    const worker = await startWorker({ vars: { AUTH_RESPONSE_STYLE: style } });
    try {
      const { signUp, signIn, revoke } = client(worker.url);
      const { email, password } = somebody();
      const first = succeeded(await signUp(email, password)).refresh_token;
      const other = succeeded(await signIn(email, password)).refresh_token;

      let stored = first;
      let whileWaiting = () => {};
      const localStorage = { getItem: () => stored, setItem: (_, value) => (stored = value) };
      const fetch = async (...given) => {
        const response = await worker.fetch(...given);
        whileWaiting();
        return response;
      };
      const refresh = new Function("localStorage", "fetch", `${program}; return refresh;`)(localStorage, fetch);

      await refresh();
      const second = stored;
      assert.notEqual(second, first);
      // Another session, or none, has taken its place in the meantime.
      for (const meanwhile of [other, null]) {
        stored = second;
        whileWaiting = () => (stored = meanwhile);
        await refresh();
        assert.equal(stored, meanwhile);
      }
      whileWaiting = () => {};
      stored = second;
      await revoke(second);
      await assert.rejects(refresh(), { message: "SESSION_NOT_FOUND" });
      assert.equal(stored, second);
    } finally {
      await worker.dispose();
    }
  });
}

test("the rule is one wherever it is told", async () => {
  for (const page of ["openapi.yaml", "docs/sessions.md"]) {
    const rule = (await read(page)).replaceAll(/\s+/g, " ");
    const told = [...rule.matchAll(/only if (?:your|the) storage still holds .{0,260}/g)];
    assert.equal(told.length, 1, page);
    assert.match(told[0][0], /same session .{0,40}later `iat`.{0,60}sign-out/, page);
  }
});
