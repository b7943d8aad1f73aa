// Bodies that are too large, cut off, stalled or missing.

import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { json } from "../requests.mjs";
import { CAP, cutOffSignUps, head, signUpOf, stall } from "./uploads.mjs";

/**
 * Registers the claims.
 *
 * @param {() => Promise<object>} start starts a service: `fetch`, `url`, `sql`, `residentMebibytes`, `dispose`; where the
 *   platform tells it, also `peakMebibytes`, and `forgetPeak` to begin anew
 * @param {{ growth: number }} limits the MiB that the runtime may grow by while a gigabyte is refused, and while a small body
 *   comes in many pieces
 */
export function claimBodies(start, { growth: limit }) {
  let service;
  before(async () => (service = await start()));
  after(() => service?.dispose());

  const post = (body) => service.fetch("/auth/sign-up/email", { method: "POST", body, duplex: "half" });
  const goesOn = async (email) => {
    const response = await service.fetch("/auth/sign-up/email", json({ email, password: "password" }));
    assert.equal(response.status, 201);
  };

  test("a body of 65,536 bytes is read and one of 65,537 refused, when its length is announced", async () => {
    assert.equal((await post(signUpOf(CAP, "length@example.com"))).status, 201);
    await isTooLarge(await post(signUpOf(CAP + 1, "length2@example.com")));
  });

  test("a body of 65,536 bytes is read and one of 65,537 refused, when it comes in chunks", async () => {
    assert.equal((await post(chunked(signUpOf(CAP, "chunks@example.com")))).status, 201);
    await isTooLarge(await post(chunked(signUpOf(CAP + 1, "chunks2@example.com"))));
  });

  test("a password of 4,096 characters fits, each written as two escaped surrogates", async () => {
    const body = `{"email":"escaped@example.com","password":"${"\\ud83e\\udd80".repeat(4_096)}"}`;
    assert.equal((await post(body)).status, 201);
  });

  test("a hundred bodies of ten megabytes are refused without being kept", async () => {
    // What ten requests at a time cost whatever their size is paid before: ten that are one byte too large.
    await uploads(Buffer.from(signUpOf(CAP + 1, "large@example.com")));
    const large = Buffer.from(signUpOf(10_000_000, "large@example.com"));
    const { growth, result: statuses } = await measured(async () => {
      const statuses = [];
      for (let round = 0; round < 10; round++) statuses.push(...(await uploads(large)));
      return statuses;
    });
    // The connection is closed with the refusal: a client that is still sending may see that before it reads the answer.
    assert.deepEqual(statuses.filter((status) => status !== undefined && status !== 413), []);
    assert.ok(statuses.includes(413));
    assert.ok(growth < limit, `the runtime grew by ${growth} MiB over 1,000 MB`);
    assert.deepEqual(await service.sql("SELECT id FROM users WHERE email LIKE 'large%'"), []);
    await goesOn("after@too.large");
  });

  test("a body of 20,000 bytes costs little more than that, also when each comes in a chunk of its own", async () => {
    await goesOn("before@chunks.com");
    const body = signUpOf(20_000, "pieces@example.com");
    const chunks = Array.from(body, (byte) => `1\r\n${byte}\r\n`).join("");
    const request = `${head("/auth/sign-up/email", "Transfer-Encoding: chunked")}${chunks}0\r\n\r\n`;
    const { growth, result: answer } = await measured(() => stall(service.url, request));
    assert.match(answer, /^HTTP\/1\.1 201 /);
    assert.ok(growth < limit, `the runtime grew by ${growth} MiB over 20,000 bytes`);
  });

  test("a request that is cut off is not carried out, however complete its body looks", async () => {
    await cutOffSignUps(service.url, "cut@example.com");
    await goesOn("after@cut.off");
    assert.deepEqual(await service.sql("SELECT id FROM users WHERE email LIKE 'cut%'"), []);
  });

  test("a body in chunks is refused as soon as it is too large, while the client still sends", async () => {
    const body = signUpOf(CAP + 1, "endless@example.com");
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
    const answer = await stall(service.url, `${head("/auth/sign-up/email", "Transfer-Encoding: chunked")}${chunk}`);
    assert.match(answer, /^HTTP\/1\.1 413 /);
  });

  test("a body that stops coming is answered as none, while the client still waits", async () => {
    const body = signUpOf(200, "stalled@example.com");
    const answer = await stall(service.url, `${head("/auth/sign-up/email", `Content-Length: ${body.length + 1}`)}${body}`);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /"VALIDATION_ERROR"/);
    assert.deepEqual(await service.sql("SELECT id FROM users WHERE email LIKE 'stalled%'"), []);
  });

  test("a body that nobody looks at is not waited for", async () => {
    const answer = await stall(service.url, `${head("/auth/nothing-here", "Content-Length: 65536")}{`);
    assert.match(answer, /^HTTP\/1\.1 404 /);
  });

  test("no body at all is a body without credentials", async () => {
    const response = await service.fetch("/auth/sign-up/email", { method: "POST" });
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error.code, "VALIDATION_ERROR");
  });

  const connect = () => net.connect(Number(service.url.port), service.url.hostname);

  /** How many MiB the runtime grew by meanwhile, at its peak where the platform tells that. */
  async function measured(work) {
    const before = await service.residentMebibytes();
    await service.forgetPeak?.();
    const result = await work();
    const after = await (service.peakMebibytes ?? service.residentMebibytes)();
    return { growth: after - before, result };
  }

  /** Ten at a time, of known length and in chunks by turns. */
  function uploads(body) {
    return Promise.all(Array.from({ length: 10 }, (_, index) => upload(body, index % 2 === 0)));
  }

  /** Sends a body until it is answered; resolves to the status, or to nothing where the connection ends without one. */
  function upload(body, announced) {
    return new Promise((resolve) => {
      let answer = "";
      const socket = connect();
      const status = () => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
      // How it ended is told by what was read.
      socket.on("error", () => {}).on("close", () => resolve(answer === "" ? undefined : status()));
      socket.setEncoding("utf8").on("data", (text) => {
        answer += text;
        if (answer.includes("}")) socket.destroy();
      });
      socket.write(head("/auth/sign-up/email", announced ? `Content-Length: ${body.length}` : "Transfer-Encoding: chunked"));
      let at = 0;
      const send = () => {
        while (at < body.length && !socket.destroyed) {
          const piece = body.subarray(at, at + CAP);
          at += piece.length;
          const bytes = announced ? piece : Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, END]);
          if (!socket.write(bytes)) return;
        }
        if (!announced && !socket.destroyed) socket.write("0\r\n\r\n");
        socket.off("drain", send);
      };
      socket.on("drain", send);
      send();
    });
  }
}

const END = Buffer.from("\r\n");

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

async function isTooLarge(response) {
  assert.equal(response.status, 413);
  const error = { message: "Request body is too large", code: "PAYLOAD_TOO_LARGE" };
  assert.deepEqual(await response.json(), { error });
}
