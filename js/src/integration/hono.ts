/**
 * auth101 in Hono, on whatever runtime it serves.
 *
 * ```ts
 * import { Hono } from "hono";
 * import { requireUser, routes } from "auth101-wasm/hono";
 *
 * const app = new Hono();
 * app.use(routes(auth));
 * app.get("/me", requireUser(auth), (c) => c.json({ email: c.var.authUser.email }));
 * ```
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import type { Auth, User } from "../types.js";
import { type Admission, addressOf, admitAnybody, type MountOptions, plainAddress } from "./mount.js";

export type { MountOptions } from "./mount.js";

/**
 * Serves the six routes. The default of `clientAddress` is the peer's address on Node (`@hono/node-server`), Deno and Bun.
 * On Workers take `clientAddress: (c) => c.req.header("cf-connecting-ip")`, which the platform sets.
 */
export function routes(auth: Auth, { clientAddress = peerAddress }: MountOptions<Context> = {}): MiddlewareHandler {
  return async (c, next) => {
    if (!auth.covers(new URL(c.req.url))) return next();
    return auth.handler(await unread(c), { ipAddress: addressOf(clientAddress, c) });
  };
}

/**
 * Sets `c.var.authUser` to the user whose access token the request carries, or to null. Refuses nobody, but answers 503
 * or 500 where it could not be found out.
 */
export function currentUser(auth: Auth): MiddlewareHandler<{ Variables: { authUser: User | null } }> {
  return guard((authorization) => admitAnybody(auth, authorization));
}

/** Sets `c.var.authUser` to the user whose access token the request carries, and answers 401 without one. */
export function requireUser(auth: Auth): MiddlewareHandler<{ Variables: { authUser: User } }> {
  return guard((authorization) => auth.authorize(authorization));
}

function guard<Admitted extends User | null>(
  admit: (authorization: string | undefined) => Promise<Admission<Admitted>>,
): MiddlewareHandler<{ Variables: { authUser: Admitted } }> {
  return async (c, next) => {
    const admission = await admit(c.req.header("authorization"));
    if (admission.refusal !== undefined) return admission.refusal;
    c.set("authUser", admission.user);
    return next();
  };
}

/** The request, made anew from what Hono keeps of it where a middleware has read the body. */
async function unread(c: Context): Promise<Request> {
  const { raw, url, method } = c.req;
  if (!raw.bodyUsed) return raw;
  try {
    return new Request(url, { method, headers: raw.headers, body: await c.req.arrayBuffer() });
  } catch {
    // It was read past Hono, which kept nothing: `handler` tells that as the mistake that it is.
    return raw;
  }
}

/** What the servers of Hono pass beside a request. */
interface Environment {
  /** `@hono/node-server` */
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } };
  /** Deno */
  readonly remoteAddr?: { readonly hostname?: string };
  /** Bun */
  requestIP?(request: Request): { readonly address: string } | null;
}

function peerAddress(c: Context): string | undefined {
  const { incoming, remoteAddr, requestIP }: Environment = c.env ?? {};
  if (incoming !== undefined) return plainAddress(incoming.socket.remoteAddress);
  if (remoteAddr !== undefined) return plainAddress(remoteAddr.hostname);
  return plainAddress(requestIP?.call(c.env, c.req.raw)?.address);
}
