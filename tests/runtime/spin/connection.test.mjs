// What surrounds a request: whose address it comes from, how long the answer is, and the connection it uses.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { after, before, test } from "node:test";
import { CHEAP_HASH, json, request, startSpin, until } from "./harness.mjs";

let application;
before(async () => (application = await startSpin({ options: CHEAP_HASH })));
after(() => application?.dispose());

const at = (path) => new URL(path, application.url);

test("a client that claims another address is recorded under its own", async () => {
  for (const [index, claimed] of ["203.0.113.9:1", "203.0.113.9", ["203.0.113.9:1", "198.51.100.7:2"], ""].entries()) {
    const email = `forger-${index}@example.com`;
    const headers = { "content-type": "application/json", "spin-client-addr": claimed };
    const body = JSON.stringify({ email, password: "password" });
    const answer = await request(at("/auth/sign-up/email"), { method: "POST", headers, body });
    assert.equal(answer.status, 201);
    const rows = await application.sql(
      "SELECT s.ip_address FROM session s INNER JOIN users u ON u.id = s.user_id WHERE u.email = ?",
      [email],
    );
    assert.deepEqual(rows, [{ ip_address: "127.0.0.1" }]);
  }
});

test("every answer says how long it is", async () => {
  const signUp = json({ email: "length@example.com", password: "password" });
  const { access_token, refresh_token } = await (await application.fetch("/auth/sign-up/email", signUp)).json();
  const authorization = `Bearer ${access_token}`;
  const type = { "content-type": "application/json" };
  for (const [method, path, headers, body, status] of [
    ["GET", "/auth/session", { authorization }, undefined, 200],
    ["GET", "/auth/session", {}, undefined, 401],
    ["POST", "/auth/refresh", type, JSON.stringify({ refresh_token }), 200],
    ["POST", "/auth/refresh", type, "{", 400],
    ["POST", "/auth/sign-in/email", type, JSON.stringify({ email: "length@example.com", password: "wrong" }), 401],
    ["POST", "/auth/sign-up/email", type, "x".repeat(70_000), 413],
    ["OPTIONS", "/auth/session", {}, undefined, 204],
    ["DELETE", "/auth/session", {}, undefined, 405],
    ["GET", "/auth/nothing-here", {}, undefined, 404],
    ["POST", "/auth/sign-out", { authorization, ...type }, "{}", 200],
  ]) {
    const answer = await request(at(path), { method, headers: { ...headers, connection: "close" }, body });
    const about = `${method} ${path}: ${answer.status} ${JSON.stringify(answer.headers)}`;
    assert.equal(answer.status, status, about);
    assert.equal(answer.headers["transfer-encoding"], undefined, about);
    if (status !== 204) assert.equal(answer.headers["content-length"], String(Buffer.byteLength(answer.text)), about);
  }
});

test("a header that is not UTF-8 is answered by the host, and the next request works", async () => {
  const socket = net.connect(Number(application.url.port), application.url.hostname);
  try {
    socket.write(Buffer.from("GET /auth/session HTTP/1.1\r\nHost: localhost\r\nX-Name: \xff\r\n\r\n", "latin1"));
    let text = "";
    socket.setEncoding("utf8").on("data", (part) => (text += part));
    assert.match((await until(() => /^HTTP\/1\.1 .*\r\n\r\n/s.exec(text)))[0], /^HTTP\/1\.1 500 [^]*content-length: 0\r\n/i);
  } finally {
    socket.destroy();
  }
  assert.equal((await request(at("/auth/session"))).status, 401);
});

test("HTTP/2 is spoken without TLS", async () => {
  const client = http2.connect(application.url);
  try {
    const stream = client.request({ ":path": "/auth/session" });
    let status;
    let text = "";
    stream.on("response", (headers) => (status = headers[":status"])).setEncoding("utf8").on("data", (part) => (text += part));
    await once(stream, "end");
    assert.equal(status, 401);
    assert.equal(JSON.parse(text).error.code, "UNAUTHORIZED");
  } finally {
    client.destroy();
  }
});

test("a connection serves one request after the other", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const sockets = new Set();
    agent.on("free", (socket) => sockets.add(socket.localPort));
    for (let number = 0; number < 200; number++) {
      // More requests than one instance serves: the next one takes over on the same connection.
      assert.equal((await request(at("/auth/session"), { agent })).status, 401);
    }
    assert.equal(sockets.size, 1);
  } finally {
    agent.destroy();
  }
});

test("HEAD is answered as GET is, without the body, and the connection serves the next request", async () => {
  const signUp = json({ email: "head@example.com", password: "password" });
  const { access_token } = await (await application.fetch("/auth/sign-up/email", signUp)).json();
  // Node's own client closes the connection after an answer without a length.
  const socket = net.connect(Number(application.url.port), application.url.hostname);
  try {
    let text = "";
    socket.setEncoding("utf8").on("data", (part) => (text += part));
    const ask = async (method, token) => {
      text = "";
      socket.write(`${method} /auth/session HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
      const head = await until(() => /^HTTP\/1\.1 (\d{3}) [^]*?\r\n\r\n/.exec(text));
      const headers = Object.fromEntries(Array.from(head[0].matchAll(/^([\w-]+): (.*)\r$/gm), ([, name, value]) => [name, value]));
      const length = method === "HEAD" ? 0 : Number(headers["content-length"]);
      await until(() => text.length >= head[0].length + length);
      return { status: Number(head[1]), headers, body: text.slice(head[0].length) };
    };
    for (const [token, status] of [[access_token, 200], ["wrong", 401], [access_token, 200]]) {
      const get = await ask("GET", token);
      assert.equal(get.status, status);
      assert.match(get.body, /^\{.+\}$/);
      const head = await ask("HEAD", token);
      assert.equal(head.status, status);
      // The host takes a length for a body that ends too early, and each answer has a date of its own.
      const { date, "content-length": length, ...expected } = get.headers;
      const { date: another, ...found } = head.headers;
      assert.deepEqual(found, expected);
      assert.equal(head.body, "");
    }
  } finally {
    socket.destroy();
  }
});
