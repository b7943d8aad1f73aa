import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import http from "node:http";
import net from "node:net";
import { after, before, test } from "node:test";
import { CHEAP_HASH, json, startWorker } from "./harness.mjs";

const CAP = 65_536;
let worker;
before(async () => (worker = await startWorker({ vars: CHEAP_HASH })));
after(() => worker.dispose());

/** A sign-up of exactly that many bytes, padded by a member that is ignored. */
function signUp(email, length) {
  const [head, tail] = [`{"email":"${email}","password":"password","padding":"`, '"}'];
  return head + "x".repeat(length - head.length - tail.length) + tail;
}

/** The same bytes as a stream, which HTTP sends in chunks and without a length. */
function chunked(body) {
  const bytes = new TextEncoder().encode(body);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + 10_000));
      at += 10_000;
    },
  });
}

const post = (body) => worker.fetch("/auth/sign-up/email", { method: "POST", body, duplex: "half" });

async function isTooLarge(response) {
  assert.equal(response.status, 413);
  const error = { message: "Request body is too large", code: "PAYLOAD_TOO_LARGE" };
  assert.deepEqual(await response.json(), { error });
}

test("a body of 65,536 bytes is read and one of 65,537 refused, when its length is announced", async () => {
  assert.equal((await post(signUp("length@example.com", CAP))).status, 201);
  await isTooLarge(await post(signUp("length2@example.com", CAP + 1)));
});

test("a body of 65,536 bytes is read and one of 65,537 refused, when it comes in chunks", async () => {
  assert.equal((await post(chunked(signUp("chunks@example.com", CAP)))).status, 201);
  await isTooLarge(await post(chunked(signUp("chunks2@example.com", CAP + 1))));
});

test("a password of 4,096 characters fits, each written as two escaped surrogates", async () => {
  const body = `{"email":"escaped@example.com","password":"${"\\ud83e\\udd80".repeat(4_096)}"}`;
  assert.equal((await post(body)).status, 201);
});

test("a hundred bodies of ten megabytes are refused without being kept", async () => {
  const large = Buffer.from(signUp("large@example.com", 10_000_000));
  await upload(large, true);
  const before = residentMebibytes();
  const outcomes = [];
  for (let round = 0; round < 10; round++) {
    const bodies = Array.from({ length: 10 }, (_, index) => upload(large, index % 2 === 0));
    outcomes.push(...(await Promise.all(bodies)));
  }
  // The connection is closed with the refusal: a client that is still sending may see that before it reads the answer.
  assert.deepEqual(outcomes.filter((outcome) => ![413, "EPIPE", "ECONNRESET"].includes(outcome)), []);
  assert.ok(outcomes.includes(413));
  const growth = residentMebibytes() - before;
  assert.ok(growth < 200, `the runtime grew by ${growth} MiB over 1,000 MB`);
  assert.equal(await worker.db.prepare("SELECT count(*) AS n FROM users WHERE email LIKE 'large%'").first("n"), 0);
  assert.equal((await worker.fetch("/auth/sign-up/email", json({ email: "x@y.z", password: "password" }))).status, 201);
});

test("a request that is cut off is not carried out, however complete its body looks", async () => {
  const body = signUp("cut@example.com", 200);
  for (const framing of ["Content-Length: 700", "Transfer-Encoding: chunked"]) {
    const bytes = framing.startsWith("Transfer") ? `c8\r\n${body}\r\n` : body;
    await sendAndLeave(`POST /auth/sign-up/email HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n${bytes}`);
  }
  // A later sign-up of another address shows that the Worker has gone on.
  assert.equal((await worker.fetch("/auth/sign-up/email", json({ email: "after@cut.off", password: "password" }))).status, 201);
  assert.equal(await worker.db.prepare("SELECT count(*) AS n FROM users WHERE email LIKE 'cut%'").first("n"), 0);
});

test("a body that stalls is given up, and one that nobody looks at is not waited for", async () => {
  const head = (path) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n{`;
  assert.match(await sendAndListen(head("/auth/nothing-here")), /^HTTP\/1.1 404 /);
  assert.match(await sendAndListen(head("/auth/refresh")), /^HTTP\/1.1 400 /);
});

test("no body at all is a body without credentials", async () => {
  const response = await worker.fetch("/auth/sign-up/email", { method: "POST" });
  assert.equal(response.status, 400);
  assert.equal((await response.json()).error.code, "VALIDATION_ERROR");
});

/** Sends bytes over a connection of its own and closes it while the Worker waits for more. */
function sendAndLeave(bytes) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(worker.url.port), worker.url.hostname, () => {
      socket.write(bytes);
      setTimeout(() => socket.destroy(), 300);
    });
    socket.on("close", resolve).on("error", reject);
  });
}

/** Sends bytes over a connection of its own and resolves to the beginning of what comes back, while it stays open. */
function sendAndListen(bytes) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(worker.url.port), worker.url.hostname, () => socket.write(bytes));
    socket.on("error", reject).once("data", (data) => {
      resolve(data.toString("latin1"));
      socket.destroy();
    });
  });
}

/** Sends a body over a connection of its own, and resolves to the status or to how the connection ended. */
function upload(body, announced) {
  return new Promise((resolve) => {
    const headers = announced ? { "content-length": body.length } : { "transfer-encoding": "chunked" };
    const url = new URL("/auth/sign-up/email", worker.url);
    const request = http.request(url, { method: "POST", headers, agent: false });
    request.on("response", (response) => resolve(response.resume().statusCode));
    request.on("error", (error) => resolve(error.code));
    request.end(body);
  });
}

/** The memory of the runtime that this process started. */
function residentMebibytes() {
  const lines = execFileSync("ps", ["-A", "-o", "ppid=,rss=,comm="], { encoding: "utf8" }).split("\n");
  const processes = lines.map((line) => line.trim().split(/\s+/));
  const runtime = processes.find(([parent, , name]) => Number(parent) === process.pid && name.includes("workerd"));
  return Math.round(Number(runtime[1]) / 1_024);
}
