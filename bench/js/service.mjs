// The services that are compared, each with its defaults, on a SQLite file of its own through node:sqlite.

import { DatabaseSync } from "node:sqlite";
import { Auth101 } from "auth101-wasm";
import { routes } from "auth101-wasm/node";
import { sqlite } from "auth101-wasm/sqlite";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";

const ORIGIN = "http://localhost:3000";
const SECRET = "a-secret-of-the-benchmark-with-more-than-32-bytes";
const CREDENTIALS = { email: "ada@example.com", password: "correct horse battery" };

/** What is measured, by name. */
export const VARIANTS = {
  pool: "auth101-wasm",
  inline: "auth101-wasm, hashWorkers: 0",
  better: "better-auth",
};

/**
 * Opens a service with one user.
 *
 * @returns requests as parts for any client (`path`, `init`), `handler` from Request to Response, `getSession` without
 * HTTP, and `listener` for Node's server
 */
export async function open(variant, file) {
  const service = variant === "better" ? await openBetterAuth(file) : openAuth101(file, variant === "inline" ? 0 : undefined);
  await send(service, service.signUp);
  const signedIn = await send(service, service.signIn);
  return { ...service, ...(await service.session(signedIn)) };
}

/** Sends a request in process; anything but success is a mistake of the benchmark. */
export async function send({ handler }, { path, init }) {
  const response = await handler(new Request(ORIGIN + path, init));
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return { response, body: await response.json() };
}

function post(path, body) {
  const headers = { "content-type": "application/json", origin: ORIGIN };
  return { path, init: { method: "POST", body: JSON.stringify(body), headers } };
}

function openAuth101(file, hashWorkers) {
  const auth = new Auth101({ secret: SECRET, database: sqlite(file), hashWorkers });
  return {
    handler: (request) => auth.handler(request),
    listener: routes(auth),
    signUp: post("/auth/sign-up/email", CREDENTIALS),
    signIn: post("/auth/sign-in/email", CREDENTIALS),
    session: ({ body: { access_token } }) => ({
      ask: { path: "/auth/session", init: { headers: { authorization: `Bearer ${access_token}` } } },
      getSession: async () => (await auth.getSession(access_token)).user,
    }),
  };
}

async function openBetterAuth(file) {
  const options = {
    database: new DatabaseSync(file),
    secret: SECRET,
    baseURL: ORIGIN,
    emailAndPassword: { enabled: true },
    // It would refuse the load. Ours limits no rates.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  };
  await (await getMigrations(options)).runMigrations();
  const auth = betterAuth(options);
  return {
    handler: (request) => auth.handler(request),
    listener: toNodeHandler(auth),
    signUp: post("/api/auth/sign-up/email", { ...CREDENTIALS, name: "Ada" }),
    signIn: post("/api/auth/sign-in/email", CREDENTIALS),
    session: ({ response }) => {
      const cookie = response.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
      return {
        ask: { path: "/api/auth/get-session", init: { headers: { cookie } } },
        getSession: async () => (await auth.api.getSession({ headers: new Headers({ cookie }) }))?.user,
      };
    },
  };
}
