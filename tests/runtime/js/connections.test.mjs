// Connections of Node's servers: an answer that comes before the body was read leaves the connection to the next request,
// and a client that goes away leaves none behind.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import net from "node:net";
import { test } from "node:test";
import { Auth101 } from "auth101-wasm";
import * as onExpress from "auth101-wasm/express";
import * as onFastify from "auth101-wasm/fastify";
import * as onNode from "auth101-wasm/node";
import { sqlite } from "auth101-wasm/sqlite";
import express5 from "express";
import express4 from "express4";
import Fastify from "fastify";
import { until } from "../requests.mjs";
import { SECRET } from "./app.mjs";

/** More than any buffer between a client and a server that does not read. */
const MUCH = 1_000_000;

/** Requests that are answered before their body has been read, and the status. */
const UNREAD = {
  "a body over the cap": ["POST /auth/sign-in/email", 413],
  "an unknown path": ["POST /auth/nowhere", 404],
  "a wrong method": ["POST /auth/session", 405],
};

const servers = {
  "Node's http": async (auth) => {
    const routes = onNode.routes(auth);
    return listening(createServer(async (request, response) => void ((await routes(request, response)) || response.end())));
  },
  "Express 4": (auth) => listening(createServer(express4().use(onExpress.routes(auth)))),
  "Express 5": (auth) => listening(createServer(express5().use(onExpress.routes(auth)))),
  Fastify: async (auth) => {
    const app = Fastify();
    await app.register(onFastify.routes, { auth });
    await app.listen({ host: "127.0.0.1", port: 0 });
    return app.server;
  },
};

async function listening(server) {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

for (const [name, start] of Object.entries(servers)) {
  for (const framing of ["Content-Length", "chunks"]) {
    for (const [what, [line, status]] of Object.entries(UNREAD)) {
      test(`${name}: the answer to ${what} in ${framing} leaves the connection to the next request`, async (t) => {
        const { port } = await serve(t, start);
        const socket = net.connect(port, "127.0.0.1");
        t.after(() => socket.destroy());
        socket.write(`${head(line, framing)}${framed("x".repeat(MUCH), framing)}`);
        socket.write("GET /auth/session HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert.deepEqual(await statuses(socket, 2), [status, 401]);
      });
    }
  }

  test(`${name}: clients that reset their connection in the middle of a body leave none behind`, async (t) => {
    const { port, server } = await serve(t, start);
    for (const [line] of Object.values(UNREAD)) {
      for (const framing of ["Content-Length", "chunks"]) {
        const socket = net.connect(port, "127.0.0.1").on("error", () => {});
        socket.write(`${head(line, framing)}${framed("x".repeat(MUCH), framing).slice(0, MUCH / 2)}`);
        await statuses(socket, 1);
        socket.resetAndDestroy();
      }
    }
    // Half a body that fits under the cap: nothing is answered before the rest.
    const waiting = net.connect(port, "127.0.0.1").on("error", () => {});
    const arrived = once(server, "request");
    waiting.write(`${head("POST /auth/sign-in/email", "Content-Length", 1_000)}{`);
    await arrived;
    waiting.resetAndDestroy();
    await until(async () => (await connections(server)) === 0);
  });
}

async function serve(t, start) {
  const auth = new Auth101({ secret: SECRET, database: sqlite(":memory:"), hashWorkers: 0, onEvent: () => {} });
  const server = await start(auth);
  t.after(() => server.close().closeAllConnections());
  return { server, port: server.address().port };
}

function head(line, framing, length = MUCH) {
  const field = framing === "chunks" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
  return `${line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${field}\r\n\r\n`;
}

function framed(body, framing) {
  if (framing !== "chunks") return body;
  const piece = 50_000;
  const pieces = Array.from({ length: body.length / piece }, (_, index) => body.slice(index * piece, (index + 1) * piece));
  return `${pieces.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join("")}0\r\n\r\n`;
}

/** The statuses of the next answers on a connection. */
async function statuses(socket, count) {
  let said = "";
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
    said += bytes.toString("latin1");
    const found = Array.from(said.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status));
    if (found.length >= count) return found;
  }
  throw new Error(`the connection was closed after ${JSON.stringify(said)}`);
}

const connections = (server) =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
