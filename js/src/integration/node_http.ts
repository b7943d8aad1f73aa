/**
 * Between Node's `http` and the Web's `Request` and `Response`: what Express, Fastify and a plain server share.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Auth } from "../types.js";
import { plainAddress } from "./mount.js";

/** Node's request, as far as frameworks leave it to us. */
export interface NodeRequest extends IncomingMessage {
  /** Express: the URL before a router cut its own path off. */
  readonly originalUrl?: string;
  /** What a body parser made of the body. */
  readonly body?: unknown;
}

/** The methods that the Web's class names as they are, and that can carry a body. */
const WITH_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * The URL of a request whose path is as it was sent, or nothing where a URL cannot say it: with dot segments,
 * backslashes or another host in the place of the path. No route of ours is called like that, and one path is one
 * resource.
 */
export function urlOf(request: NodeRequest): URL | undefined {
  const sent = pathOf(request.originalUrl ?? request.url ?? "");
  // Whatever the client calls this host, the routes do not look at it.
  const text = `http://localhost${sent}`;
  if (!sent.startsWith("/") || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.pathname === sent.replace(/[?#].*$/s, "") ? url : undefined;
}

/** The path and the query of a request's target, which may be a whole URL (RFC 9112, 3.2.2). */
function pathOf(target: string): string {
  const [origin = ""] = /^https?:\/\/[^/?#@\\]+/i.exec(target) ?? [];
  const path = target.slice(origin.length);
  return origin === "" || path.startsWith("/") ? path : `/${path}`;
}

/** The `Authorization` header; several are joined by a comma, where Node's own `headers` would keep the first. */
export function authorizationOf(request: IncomingMessage): string | undefined {
  return headersOf(request).get("authorization") ?? undefined;
}

/** The peer's address. */
export function peerAddress(request: IncomingMessage): string | undefined {
  return plainAddress(request.socket.remoteAddress);
}

/**
 * Answers a request that is for `handler`.
 *
 * @throws TypeError where somebody has read the body and kept nothing of it.
 */
export function answer(auth: Auth, request: NodeRequest, url: URL, ipAddress: string | undefined): Promise<Response> {
  return auth.handler(requestOf(request, url), { ipAddress });
}

/** A request as the Web has it. */
function requestOf(request: NodeRequest, url: URL): Request {
  const { method = "GET" } = request;
  const headers = headersOf(request);
  if (WITH_BODY.has(method)) {
    const init: RequestInit & { duplex: "half" } = { method, headers, body: bodyOf(request), duplex: "half" };
    return new Request(url, init);
  }
  // The Web's class takes no body with GET and HEAD, no TRACE and no TRACK, and writes `get` in capitals. So it is told
  // no method, and the routes see the one that was sent: they refuse all but GET and HEAD.
  return Object.defineProperty(new Request(url, { headers }), "method", { value: method });
}

/** Sends a response. A client that has gone misses nothing. */
export async function send(response: Response, to: ServerResponse): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (to.destroyed || to.headersSent) return;
  to.statusCode = response.status;
  for (const [name, value] of response.headers) to.setHeader(name, value);
  if (body.length > 0) to.setHeader("content-length", body.length);
  to.end(body);
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name, value] = rawHeaders.slice(index, index + 2) as [string, string];
    // The others are those of HTTP/2: method, path and so on.
    if (!name.startsWith(":")) headers.append(name, value);
  }
  return headers;
}

function bodyOf(request: NodeRequest): BodyInit | null {
  if (!request.readableDidRead) return streamOf(request);
  const { body } = request;
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>;
  if (typeof body === "string") return body;
  if (body === undefined) {
    throw new TypeError(
      "auth101-wasm: the request's body was read before it came here. Mount the routes before whatever reads it, or " +
        "let that leave the body in `request.body`",
    );
  }
  // A form is no JSON, whatever its parser made of it.
  return /\bjson\b/i.test(request.headers["content-type"] ?? "") ? JSON.stringify(body) : null;
}

/**
 * The body as it arrives, and no faster than it is read. Node's own conversion destroys the connection when the reader
 * stops early, and the client would never see why.
 *
 * Nothing is asked of the request before somebody reads: only one that nobody has touched does Node clear away by itself
 * after the answer, so that the next request on the connection gets its turn.
 */
function streamOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  let hasBegun = false;
  let forget = () => {};
  const begin = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const data = (chunk: Uint8Array | string) => {
      request.pause();
      controller.enqueue(bytesOf(chunk, request));
    };
    const end = () => {
      forget();
      controller.close();
    };
    const cutOff = () => {
      forget();
      controller.error(new Error("the client went away"));
    };
    // It has closed before anybody could listen.
    if (request.destroyed) return cutOff();
    forget = () => void request.off("data", data).off("end", end).off("error", cutOff).off("close", cutOff);
    request.on("data", data).on("end", end).on("error", cutOff).on("close", cutOff);
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (!hasBegun) begin(controller);
        hasBegun = true;
        request.resume();
      },
      cancel: () => {
        forget();
        // The rest runs off unseen, so that the answer reaches a client that is still sending, and an error of it too.
        request.on("error", () => {}).resume();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A piece of the body. After `setEncoding` it comes as text, whose length is not that of the bytes. */
function bytesOf(chunk: Uint8Array | string, { readableEncoding }: IncomingMessage): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk, readableEncoding ?? "utf8") : chunk;
}
