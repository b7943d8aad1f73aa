// What the integrations do beyond the claims of the examples: behind body parsers and proxies, on outages, with requests
// that no client library sends.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { test } from "node:test";
import { serve } from "@hono/node-server";
import { Auth101 } from "auth101-wasm";
import * as onExpress from "auth101-wasm/express";
import * as onFastify from "auth101-wasm/fastify";
import * as onHono from "auth101-wasm/hono";
import * as onNode from "auth101-wasm/node";
import { sqlite } from "auth101-wasm/sqlite";
import express5 from "express";
import express4 from "express4";
import Fastify from "fastify";
import { Hono } from "hono";
import { CAP, head, stall } from "../claims/uploads.mjs";
import { bearer, json, SECRET } from "./app.mjs";

const CHEAP = { allowWeakArgon2: true, argon2Memory: 8, argon2Iterations: 1, hashWorkers: 0 };
const CREDENTIALS = { email: "ada@example.com", password: "password" };
const UNAUTHORIZED = { message: "Unauthorized", code: "UNAUTHORIZED" };

/** A service, and what its sessions' rows hold as addresses. */
function makeAuth(options = {}) {
  const database = sqlite(":memory:");
  const auth = new Auth101({ secret: SECRET, database, onEvent: () => {}, ...CHEAP, ...options });
  const select = { sql: "SELECT ip_address FROM session ORDER BY created_at", params: [] };
  const addresses = async () => (await database.batch([select], { begin: ["BEGIN"] }))[0].rows.map((row) => row.ip_address);
  return { auth, addresses };
}

/** A driver whose database is away. */
const AWAY = {
  dialect: "sqlite",
  batch() {
    throw new Error("connection refused");
  },
};

/** Serves a listener of Node's, and gives the address. */
async function listen(t, listener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

/** The same over HTTP/2. */
async function listenWithHttp2(t, listener) {
  const server = http2.createServer(listener).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

async function listenWithHono(t, app) {
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

async function listenWithFastify(t, app) {
  t.after(() => app.close());
  return app.listen({ host: "127.0.0.1", port: 0 });
}

/** Sends bytes as they are; the whole answer. */
async function raw(url, request) {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname, () => socket.write(request));
  return (await socket.setEncoding("latin1").toArray()).join("");
}

/**
 * The integrations, each on a server of its own: the routes, and before them what is given as `before`, with a request
 * of Node's. Errors that come to the framework are told to `onError`; a plain server's come out of `routes`.
 */
const MOUNTS = {
  "Node's http": (t, auth, { options, before, onError } = {}) => {
    const serveAuth = onNode.routes(auth, options);
    return listen(t, (request, response) => {
      before?.(request);
      serveAuth(request, response).then(
        (isServed) => isServed || response.writeHead(404).end(),
        (error) => response.writeHead(500).end(onError?.(error)),
      );
    });
  },
  "Express 4": (t, auth, given) => mountOnExpress(t, express4(), auth, given),
  "Express 5": (t, auth, given) => mountOnExpress(t, express5(), auth, given),
  Fastify: async (t, auth, { options, before, onError } = {}) => {
    const app = Fastify();
    app.addHook("onRequest", async ({ raw }) => before?.(raw));
    app.setErrorHandler((error, _request, reply) => reply.code(500).send(onError?.(error)));
    await app.register(onFastify.routes, { auth, ...options });
    return listenWithFastify(t, app);
  },
  Hono: (t, auth, { options, onError } = {}) => {
    const app = new Hono();
    app.onError((error, c) => c.text(String(onError?.(error)), 500));
    return listenWithHono(t, app.use(onHono.routes(auth, options)));
  },
};

function mountOnExpress(t, app, auth, { options, before, onError } = {}) {
  app.use((request, _, next) => next(before?.(request)));
  app.use(onExpress.routes(auth, options));
  app.use((error, _request, response, _next) => response.status(500).end(onError?.(error)));
  return listen(t, app);
}

for (const [name, mount] of Object.entries(MOUNTS)) {
  test(`${name}: what clientAddress gives that is no string is no address`, async (t) => {
    for (const clientAddress of [
      () => undefined,
      () => null,
      () => 7,
      () => ["192.0.2.1"],
      async () => "192.0.2.1",
      async () => {
        throw new Error("no address");
      },
      () => ({ then: (_, reject) => reject(new Error("no address")) }),
    ]) {
      const { auth, addresses } = makeAuth();
      const url = await mount(t, auth, { options: { clientAddress } });
      assert.equal((await fetch(`${url}/auth/sign-up/email`, json(CREDENTIALS))).status, 201);
      assert.deepEqual(await addresses(), [null], String(clientAddress));
    }
  });

  test(`${name}: a clientAddress that throws is told as any error of a handler's, and nothing is carried out`, async (t) => {
    const { auth, addresses } = makeAuth();
    await auth.signUp(CREDENTIALS);
    const clientAddress = () => {
      throw new Error("no address");
    };
    const told = [];
    const url = await mount(t, auth, { options: { clientAddress }, onError: ({ message }) => (told.push(message), "") });
    assert.equal((await fetch(`${url}/auth/sign-in/email`, json(CREDENTIALS))).status, 500);
    assert.deepEqual(told, ["no address"]);
    assert.equal((await addresses()).length, 1);
  });

  test(`${name}: a target that is a whole URL is served as the path that it names`, async (t) => {
    const { auth } = makeAuth();
    const url = await mount(t, auth);
    const end = "HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n";
    const targets = [`${url}/auth/session`, "http://example.com/auth/session?a=b", "https://example.com/auth/session"];
    // The server of Hono takes no capitals there.
    if (name !== "Hono") targets.push("HTTP://EXAMPLE.com:8080/auth/session");
    for (const target of targets) {
      assert.match(await raw(url, `GET ${target} ${end}\r\n`), /^HTTP\/1\.1 401 /, target);
    }
    const body = JSON.stringify(CREDENTIALS);
    const head = `${end}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    assert.match(await raw(url, `POST ${url}/auth/sign-up/email ${head}\r\n${body}`), /^HTTP\/1\.1 201 /);
  });

  if (name === "Hono") continue;

  test(`${name}: a body that comes as text after setEncoding is read as the bytes that it was`, async (t) => {
    // Of several bytes a character, so that one lies across two pieces.
    const credentials = { ...CREDENTIALS, password: "pässwörd 🦀" };
    for (const encoding of ["utf8", "latin1", "hex", "base64"]) {
      const { auth } = makeAuth();
      await auth.signUp(credentials);
      const url = await mount(t, auth, { before: (request) => void request.setEncoding(encoding) });
      const bytes = Buffer.from(JSON.stringify(credentials));
      let at = 0;
      const pull = (controller) => {
        if (at === bytes.length) controller.close();
        else controller.enqueue(bytes.subarray(at, ++at));
      };
      const headers = { "content-type": "application/json" };
      const init = { method: "POST", headers, body: new ReadableStream({ pull }), duplex: "half" };
      assert.equal((await fetch(`${url}/auth/sign-in/email`, init)).status, 200, encoding);
    }
  });

  test(`${name}: the cap holds after setEncoding, while the client still sends`, async (t) => {
    const { auth } = makeAuth();
    const url = await mount(t, auth, { before: (request) => void request.setEncoding("utf8") });
    const start = head("/auth/sign-in/email", "Transfer-Encoding: chunked");
    const chunk = `${(CAP + 2).toString(16)}\r\n${"é".repeat(CAP / 2 + 1)}\r\n`;
    assert.match(await stall(url, start + chunk), /^HTTP\/1\.1 413 /);
  });
}

for (const [name, express] of [
  ["Express 4", express4],
  ["Express 5", express5],
]) {
  test(`${name}: the routes answer behind the parsers of JSON, forms, texts and bytes`, async (t) => {
    for (const parser of [express.json(), express.text({ type: "*/*" }), express.raw({ type: "*/*" })]) {
      const { auth } = makeAuth();
      const app = express().use(parser, onExpress.routes(auth));
      const url = await listen(t, app);
      assert.equal((await fetch(`${url}/auth/sign-up/email`, json(CREDENTIALS))).status, 201);
      assert.equal((await fetch(`${url}/auth/sign-in/email`, json(CREDENTIALS))).status, 200);
      assert.equal((await fetch(`${url}/auth/refresh`, { method: "POST" })).status, 400);
    }
    const { auth } = makeAuth();
    const url = await listen(t, express().use(express.urlencoded({ extended: true }), onExpress.routes(auth)));
    const form = { method: "POST", body: new URLSearchParams(CREDENTIALS) };
    assert.equal((await fetch(`${url}/auth/sign-up/email`, form)).status, 400, "a form is not JSON");
  });

  test(`${name}: a body that is gone is told as the mistake that it is`, async (t) => {
    const { auth } = makeAuth();
    const app = express().use((request, _, next) => request.resume().on("end", next), onExpress.routes(auth));
    let told;
    app.use((error, _request, response, _next) => {
      told = error;
      response.status(500).end();
    });
    const url = await listen(t, app);
    assert.equal((await fetch(`${url}/auth/sign-up/email`, json(CREDENTIALS))).status, 500);
    assert.match(told.message, /read before it came here.*Mount the routes before/);
  });

  test(`${name}: the routes may be mounted under their path, and currentUser refuses nobody`, async (t) => {
    const { auth } = makeAuth();
    const app = express().use("/auth", onExpress.routes(auth));
    app.get("/", onExpress.currentUser(auth), (request, response) => response.json(request.authUser));
    const url = await listen(t, app);
    const { user, access_token } = await (await fetch(`${url}/auth/sign-up/email`, json(CREDENTIALS))).json();
    assert.deepEqual(await (await fetch(url, bearer(access_token))).json(), user);
    assert.deepEqual(await (await fetch(url, bearer("nonsense"))).json(), null);
  });

  test(`${name}: the address may come from Express, where it trusts a proxy`, async (t) => {
    const { auth, addresses } = makeAuth();
    const app = express().set("trust proxy", 1);
    app.use(onExpress.routes(auth, { clientAddress: (request) => request.ip }));
    const url = await listen(t, app);
    await fetch(`${url}/auth/sign-up/email`, json(CREDENTIALS, { "x-forwarded-for": "203.0.113.9" }));
    assert.deepEqual(await addresses(), ["203.0.113.9"]);
  });
}

test("Fastify: other routes still have their bodies parsed, and a prefix changes nothing", async (t) => {
  const { auth, addresses } = makeAuth();
  const app = Fastify({ trustProxy: "127.0.0.1" });
  const clientAddress = (request) => request.ip;
  await app.register(onFastify.routes, { auth, clientAddress, prefix: "/elsewhere" });
  app.post("/echo", (request) => request.body);
  app.get("/who", { onRequest: onFastify.currentUser(auth) }, (request) => ({ user: request.authUser }));
  const url = await listenWithFastify(t, app);
  assert.deepEqual(await (await fetch(`${url}/echo`, json({ a: 1 }))).json(), { a: 1 });
  const signUp = json(CREDENTIALS, { "x-forwarded-for": "203.0.113.9" });
  const { user, access_token } = await (await fetch(`${url}/auth/sign-up/email`, signUp)).json();
  assert.deepEqual(await addresses(), ["203.0.113.9"]);
  assert.deepEqual(await (await fetch(`${url}/who`, bearer(access_token))).json(), { user });
  assert.deepEqual(await (await fetch(`${url}/who`)).json(), { user: null });
});

test("Hono: the routes answer behind a middleware that has read the body", async (t) => {
  const { auth } = makeAuth();
  const app = new Hono();
  app.use(async (c, next) => {
    await c.req.text();
    await next();
  });
  app.use(onHono.routes(auth));
  const url = await listenWithHono(t, app);
  assert.equal((await fetch(`${url}/auth/sign-up/email`, json(CREDENTIALS))).status, 201);
  assert.equal((await app.request("/auth/sign-in/email", json(CREDENTIALS))).status, 200, "and without a server");
});

test("Fastify: two services lie under two base paths, each with its users", async (t) => {
  const services = [makeAuth(), makeAuth({ basePath: "/staff/auth" })];
  const app = Fastify();
  for (const [index, { auth }] of services.entries()) {
    await app.register(onFastify.routes, { auth });
    app.get(`/me/${index}`, { onRequest: onFastify.requireUser(auth) }, (request) => request.authUser);
  }
  const url = await listenWithFastify(t, app);
  const answers = [];
  for (const path of ["/auth", "/staff/auth"]) {
    answers.push(await (await fetch(`${url}${path}/sign-up/email`, json(CREDENTIALS))).json());
  }
  for (const [index, { user, access_token }] of answers.entries()) {
    assert.deepEqual(await (await fetch(`${url}/me/${index}`, bearer(access_token))).json(), user);
    assert.equal((await fetch(`${url}/me/${1 - index}`, bearer(access_token))).status, 401);
  }
});

test("Hono: a body that was read past it is told as the mistake that it is", async (t) => {
  const events = [];
  const { auth } = makeAuth({ onEvent: (event) => events.push(event) });
  const app = new Hono();
  app.use(async (c, next) => {
    await c.req.raw.text();
    await next();
  });
  app.use(onHono.routes(auth));
  const url = await listenWithHono(t, app);
  for (const send of [(...given) => app.request(...given), (path, init) => fetch(url + path, init)]) {
    events.length = 0;
    const response = await send("/auth/sign-in/email", json(CREDENTIALS));
    assert.equal(response.status, 500);
    assert.equal((await response.json()).error.code, "INTERNAL_ERROR");
    assert.deepEqual(events.map(({ fault, subject }) => [fault, subject]), [["not_set_up", "request.body"]]);
  }
});

test("Hono: the address may come from the platform", async () => {
  const { auth, addresses } = makeAuth();
  const app = new Hono();
  app.use(onHono.routes(auth, { clientAddress: (c) => c.req.header("cf-connecting-ip") }));
  await app.request("/auth/sign-up/email", json(CREDENTIALS, { "cf-connecting-ip": "203.0.113.9" }));
  assert.deepEqual(await addresses(), ["203.0.113.9"]);
});

test("an outage is not a refusal: no guard takes somebody for nobody", async (t) => {
  const { auth: sound } = makeAuth();
  const { access_token } = await sound.signUp(CREDENTIALS);
  const { auth } = makeAuth({ database: AWAY });
  const app = express5();
  app.get("/required", onExpress.requireUser(auth), (_, response) => response.end("let in"));
  app.get("/current", onExpress.currentUser(auth), (_, response) => response.end("let in"));
  const hono = new Hono();
  hono.get("/required", onHono.requireUser(auth), (c) => c.text("let in"));
  hono.get("/current", onHono.currentUser(auth), (c) => c.text("let in"));
  const fastify = Fastify();
  fastify.decorateRequest("authUser", null);
  fastify.get("/required", { onRequest: onFastify.requireUser(auth) }, () => "let in");
  fastify.get("/current", { onRequest: onFastify.currentUser(auth) }, () => "let in");
  const urls = [await listen(t, app), await listenWithHono(t, hono), await listenWithFastify(t, fastify)];
  for (const url of urls) {
    for (const path of ["/required", "/current"]) {
      const response = await fetch(url + path, bearer(access_token));
      assert.equal(response.status, 503);
      assert.equal((await response.json()).error.code, "UNAVAILABLE");
    }
    assert.equal((await fetch(`${url}/current`)).status, 200, "without a token there is nothing to find out");
  }
});

test("guards speak in the style of the routes", async (t) => {
  const { auth } = makeAuth({ responseStyle: "fastapi" });
  const url = await listen(t, (request, response) => void onNode.requireUser(auth, request, response));
  const response = await fetch(url);
  assert.equal(response.status, 401);
  assert.deepEqual(await response.json(), { detail: UNAUTHORIZED });
});

test("two Authorization headers carry no token, where Node would take the first", async (t) => {
  const { auth } = makeAuth();
  const { access_token } = await auth.signUp(CREDENTIALS);
  const serveAuth = onNode.routes(auth);
  const url = await listen(t, async (request, response) => {
    if (await serveAuth(request, response)) return;
    if ((await onNode.requireUser(auth, request, response)) !== null) response.end("let in");
  });
  const header = `Authorization: Bearer ${access_token}\r\n`;
  const end = "Host: localhost\r\nConnection: close\r\n\r\n";
  assert.match(await raw(url, `GET /auth/session HTTP/1.1\r\n${header}${end}`), /^HTTP\/1\.1 200 /);
  for (const path of ["/auth/session", "/me"]) {
    assert.match(await raw(url, `GET ${path} HTTP/1.1\r\n${header}${header}${end}`), /^HTTP\/1\.1 401 /, path);
  }
});

test("a route is reached by its own path and no other spelling of it", async (t) => {
  const { auth } = makeAuth();
  const routes = onNode.routes(auth);
  const url = await listen(t, async (request, response) => {
    if (!(await routes(request, response))) response.writeHead(404).end();
  });
  const status = async (target) =>
    /^HTTP\/1\.1 (\d+)/.exec(await raw(url, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`))[1];
  assert.equal(await status("/auth/session?a=/../b"), "401");
  for (const target of [
    "/x/../auth/session",
    "/auth/./session",
    "/auth\\session",
    "//auth/session",
    "/auth/%73ession",
    "/auth/%2e/session",
    "/auth/session%00",
    "http://localhost/x/../auth/session",
    "http://localhost//auth/session",
    "http://ada@localhost/auth/session",
    "http:///auth/session",
    "http://localhost",
    "http://localhost?/auth/session",
    "ftp://localhost/auth/session",
  ]) {
    assert.equal(await status(target), "404", target);
  }
});

test("a method that no route has is refused, also one that the Web's Request does not take", async (t) => {
  const { auth } = makeAuth();
  const url = await listen(t, onNode.routes(auth));
  for (const method of ["TRACE", "PROPFIND", "PUT"]) {
    const answer = await raw(url, `${method} /auth/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 405 /, method);
  }
});

/** One request over HTTP/2: the status and the text of the answer. */
async function over2(session, method, path, { headers = {}, body } = {}) {
  const request = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body === undefined });
  if (body !== undefined) request.end(body);
  const [answered] = await once(request, "response");
  return { status: answered[":status"], text: (await request.setEncoding("utf8").toArray()).join("") };
}

const onHttp2 = (t, auth) => {
  const serveAuth = onNode.routes(auth);
  return listenWithHttp2(t, (request, response) => {
    serveAuth(request, response).then(
      (isServed) => isServed || response.writeHead(404).end(),
      // The client sees an error, and so does the test.
      () => response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
    );
  });
};

const onFastifyWithHttp2 = async (t, auth) => {
  const app = Fastify({ http2: true });
  await app.register(onFastify.routes, { auth });
  return listenWithFastify(t, app);
};

for (const [name, start, refusals] of [
  ["Node's http2", onHttp2, [405]],
  // Of methods that it does not know Fastify says itself that nothing is there.
  ["Fastify over HTTP/2", onFastifyWithHttp2, [404, 405]],
]) {
  test(`${name}: a session lives, and no method ends the server`, async (t) => {
    const { auth, addresses } = makeAuth();
    const session = http2.connect(await start(t, auth));
    // Before the server is closed, which waits for it.
    const done = () => new Promise((resolve) => session.close(resolve));
    try {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(CREDENTIALS);
      const { status, text } = await over2(session, "POST", "/auth/sign-up/email", { headers, body });
      assert.equal(status, 201);
      assert.deepEqual(await addresses(), ["127.0.0.1"]);
      const { user, access_token } = JSON.parse(text);
      const authorization = { authorization: `Bearer ${access_token}` };
      for (const body of [undefined, "a body"]) {
        for (const method of ["TRACK", "TRACE", "get", "Post", "PROPFIND", "patch", "X-Y"]) {
          const { status } = await over2(session, method, "/auth/session", { body });
          assert.ok(refusals.includes(status), `${method}: ${status}`);
        }
        const got = await over2(session, "GET", "/auth/session", { headers: authorization, body });
        assert.deepEqual([got.status, JSON.parse(got.text)], [200, { user }]);
        const head = await over2(session, "HEAD", "/auth/session", { headers: authorization, body });
        assert.deepEqual(head, { status: 200, text: "" });
      }
      const large = await over2(session, "POST", "/auth/sign-in/email", { headers, body: "x".repeat(CAP + 1) });
      assert.equal(large.status, 413);
      assert.equal((await over2(session, "GET", "/elsewhere")).status, 404);
      // Clients that go away, in the middle of a body and before the answer.
      for (const [path, piece] of [
        ["/auth/sign-in/email", "{"],
        ["/auth/sign-in/email", "x".repeat(CAP + 1)],
        ["/auth/session", "{"],
      ]) {
        const request = session.request({ ":method": "POST", ":path": path, ...headers });
        request.on("error", () => {}).write(piece);
        await new Promise((resolve) => request.close(http2.constants.NGHTTP2_CANCEL, resolve));
      }
      const signIn = session.request({ ":method": "POST", ":path": "/auth/sign-in/email", ...headers });
      signIn.end(body).close(http2.constants.NGHTTP2_CANCEL);
      assert.equal((await over2(session, "POST", "/auth/sign-in/email", { headers, body })).status, 200);
    } finally {
      await done();
    }
  });
}

test("an IPv4 peer of a socket for both versions is recorded as IPv4", async (t) => {
  const { auth, addresses } = makeAuth();
  const server = createServer(onNode.routes(auth)).listen(0, "::");
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  await fetch(`http://127.0.0.1:${server.address().port}/auth/sign-up/email`, json(CREDENTIALS));
  assert.deepEqual(await addresses(), ["127.0.0.1"]);
});
