// The example page in a real Chromium, beside the routes, as `cargo xtask dev` serves the two.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { serveDev } from "../dev.mjs";
import { startChromium } from "./chromium.mjs";

const PASSWORD = "correct horse battery";

const ended = [];
const suite = { after: (action) => ended.push(action) };
let origin;
let browser;
before(async () => {
  origin = await serveDev(suite);
  browser = await startChromium(suite);
});
after(async () => {
  for (const action of ended.reverse()) await action();
});

/** A visitor: a browser of its own, with an address of its own. */
async function visitor(t, { hasLocks = true } = {}) {
  const context = await browser.newContext({ baseURL: origin });
  t.after(() => context.close());
  // What Chromium lacks in a page that is not secure.
  if (!hasLocks) await context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
  const refreshes = [];
  context.on("request", (request) => {
    if (new URL(request.url()).pathname === "/auth/refresh") refreshes.push(request);
  });
  context.on("weberror", (error) => assert.fail(error.error()));
  context.on("console", (message) => {
    const isRefusal = message.text().startsWith("Failed to load resource");
    assert.ok(message.type() !== "error" || isRefusal, message.text());
  });
  const email = `ada-${randomUUID()}@example.com`;
  return { email, refreshes, context, open: () => openTab(context, email) };
}

async function openTab(context, email) {
  const tab = await context.newPage();
  await tab.goto("/");
  return actionsOf(tab, email);
}

function actionsOf(tab, email) {
  tab.setDefaultTimeout(20_000);
  const button = (name) => tab.getByRole("button", { name, exact: true });
  return {
    tab,
    press: (name) => button(name).click(),
    /** Opens another tab as a link of the page would: the two share a process. */
    openBeside: async () => {
      const opened = tab.waitForEvent("popup");
      await tab.evaluate(() => void window.open("/"));
      return actionsOf(await opened, email);
    },
    /** Fills in the form and sends it with the keyboard alone. */
    enter: async (address, password) => {
      await tab.getByLabel("E-mail").fill(address);
      await tab.getByLabel("Password").fill(password);
      await tab.keyboard.press("Enter");
    },
    signUp: async () => {
      await button("Sign up").click();
      await tab.getByRole("heading", { name: "Sign up" }).waitFor();
      await tab.getByLabel("E-mail").fill(email);
      await tab.getByLabel("Password").fill(PASSWORD);
      await button("Sign up").click();
    },
    isSignedIn: async () => {
      await tab.getByRole("heading", { name: "Signed in" }).waitFor();
      await tab.getByText(email).waitFor();
    },
    isSignedOut: () => tab.getByRole("heading", { name: /^Sign (in|up)$/ }).waitFor(),
    says: (text) => tab.getByRole("status").getByText(text).waitFor(),
    warns: (text) => tab.getByRole("alert").getByText(text).waitFor(),
    session: () => tab.evaluate(() => JSON.parse(localStorage.getItem("auth101"))),
    expireAccessToken: () =>
      tab.evaluate(() => {
        const session = JSON.parse(localStorage.getItem("auth101"));
        localStorage.setItem("auth101", JSON.stringify({ ...session, expires_at: 0, access_token: "expired" }));
      }),
  };
}

test("a visitor signs up, reloads, signs out, is refused with a wrong password, and signs in", async (t) => {
  const { email, open } = await visitor(t);
  const { tab, press, enter, signUp, isSignedIn, isSignedOut, says, warns } = await open();
  await isSignedOut();
  await press("Sign up");
  await enter(email, "short");
  await warns("Password must be at least 6 characters.");
  await press("Sign in");
  await signUp();
  await isSignedIn();
  await tab.reload();
  await isSignedIn();
  await press("Check session");
  await says("The session stands.");
  await press("Sign out");
  await isSignedOut();
  await tab.reload();
  await isSignedOut();
  assert.equal(await tab.evaluate(() => localStorage.length), 0);
  await enter(email, "wrong password");
  await warns("Invalid email or password.");
  assert.equal(await tab.evaluate(() => document.activeElement.id), "password");
  await enter(email, PASSWORD);
  await isSignedIn();
  await press("Refresh tokens");
  await says("The tokens are new.");
});

const PAIRS = [
  { of: "of one process, with locks", hasLocks: true, open: ({ left }) => left.openBeside(), atMost: 1 },
  // What one process has stored, another may not see at once, though the lock has passed on.
  { of: "of two processes, with locks", hasLocks: true, open: ({ open }) => open(), atMost: 2 },
  { of: "without locks", hasLocks: false, open: ({ open }) => open(), atMost: 2 },
];
for (const { of, hasLocks, open: openRight, atMost } of PAIRS) {
  test(`two tabs ${of} stay signed in with an expired access token`, async (t) => {
    const { open, refreshes } = await visitor(t, { hasLocks });
    const left = await open();
    await left.signUp();
    await left.isSignedIn();
    const right = await openRight({ left, open });
    await right.isSignedIn();
    for (let round = 0; round < 5; round++) {
      await left.expireAccessToken();
      const before = refreshes.length;
      await Promise.all([left, right].map(({ press }) => press("Check session")));
      await Promise.all([left, right].map(({ says }) => says("The session stands.")));
      const sent = refreshes.slice(before).map((request) => request.postData());
      assert.ok(sent.length >= 1 && sent.length <= atMost, `${sent.length} refreshes`);
      assert.equal(new Set(sent).size, 1, "nobody refreshes what is new");
    }
    const session = await left.session();
    assert.deepEqual(await right.session(), session);
    const answer = await post("/auth/refresh", { refresh_token: session.refresh_token });
    assert.equal(answer.status, 200, "the stored token is good");
    await right.press("Sign out");
    await left.isSignedOut();
    await right.isSignedOut();
  });
}

test("a session that was revoked elsewhere ends in every tab, at a refresh and after a reload", async (t) => {
  const { email, open } = await visitor(t);
  const left = await open();
  await left.signUp();
  await left.isSignedIn();
  const right = await open();
  await right.isSignedIn();
  const revoke = async () => post("/auth/revoke", { refresh_token: (await left.session()).refresh_token });
  assert.equal((await revoke()).status, 200);
  await left.press("Refresh tokens");
  await left.isSignedOut();
  await left.warns("Your session has ended. Sign in again.");
  await right.isSignedOut();

  await left.press("Sign in");
  await left.enter(email, PASSWORD);
  await left.isSignedIn();
  await revoke();
  await right.tab.reload();
  await right.isSignedOut();
  await left.isSignedOut();
});

test("a service that is away is told in plain words", async (t) => {
  const { email, open } = await visitor(t);
  const { tab, enter, warns, isSignedOut } = await open();
  await tab.route("**/auth/**", (route) => route.abort());
  await enter(email, PASSWORD);
  await warns("The service could not be reached. Try again in a moment.");
  await isSignedOut();
});

function post(path, body) {
  return fetch(origin + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
