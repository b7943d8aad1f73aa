import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CHEAP_HASH, json, SECRET, startWorker, until } from "./harness.mjs";

const PREVIOUS = "a-previous-secret-of-the-tests-with-32-bytes";
let worker;
before(async () => {
  worker = await startWorker({ vars: { ...CHEAP_HASH, AUTH_PREVIOUS_SECRETS: [PREVIOUS] } });
});
after(() => worker.dispose());

test("every step logs one line of JSON, and no line or answer holds a secret, a token, a password or SQL", async () => {
  const answers = [];
  const post = async (path, body, headers) => {
    const response = await worker.fetch(`/auth${path}`, json(body, headers));
    answers.push(await response.clone().text());
    return response.json();
  };
  const email = "Logged@Example.com";
  const password = "marker-password";
  const first = await post("/sign-up/email", { email, password });
  await post("/sign-up/email", { email, password });
  const second = await post("/sign-in/email", { email, password });
  await post("/sign-in/email", { email, password: `${password}-wrong` });
  await post("/sign-in/email", { email: "nobody@example.com", password });
  const third = await post("/refresh", { refresh_token: first.refresh_token });
  await post("/refresh", { refresh_token: first.refresh_token });
  await post("/refresh", { refresh_token: `${first.refresh_token}x` });
  await post("/revoke", { refresh_token: third.refresh_token });
  await post("/sign-out", {}, { authorization: `Bearer ${second.access_token}` });
  await worker.db.exec("DROP TABLE session");
  await post("/sign-in/email", { email, password });

  const events = [
    "signed_up",
    "signed_in",
    "sign_in_failed",
    "refreshed",
    "refresh_replayed",
    "session_revoked",
    "signed_out",
    "fault",
  ];
  const seen = () => new Set(worker.logs.map(({ message }) => JSON.parse(message).event));
  await until(() => events.every((event) => seen().has(event)));
  for (const { level, message } of worker.logs) {
    assert.ok(!message.includes("\n"), message);
    assert.equal(level, JSON.parse(message).event === "fault" ? "error" : "log");
  }

  const tokens = [first, second, third].flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]);
  const signatures = tokens.map((token) => token.split(".")[2]);
  const claims = tokens.map((token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")));
  const identifiers = claims.flatMap(({ sub, sid, jti }) => [sub, sid, jti]).filter(Boolean);
  const log = worker.logs.map(({ message }) => message).join("\n");
  const kept = [SECRET, PREVIOUS, password, "xample.com", "$argon2", ...signatures, ...identifiers];
  for (const secret of kept) assert.ok(!log.includes(secret), `the log holds ${secret}`);
  assert.doesNotMatch(log, /SELECT|INSERT|UPDATE|DELETE|WHERE|D1_ERROR|SQLITE/);

  const said = answers.join("\n");
  for (const secret of [SECRET, PREVIOUS, password, "$argon2"]) assert.ok(!said.includes(secret), `an answer holds ${secret}`);
  assert.doesNotMatch(said, /SELECT|INSERT|UPDATE|DELETE|WHERE|D1_ERROR|SQLITE/);
});
