/**
 * auth101 in Fastify.
 *
 * ```js
 * import Fastify from "fastify";
 * import { requireUser, routes } from "auth101-wasm/fastify";
 *
 * const app = Fastify();
 * app.register(routes, { auth });
 * app.get("/me", { onRequest: requireUser(auth) }, (request) => ({ email: request.authUser.email }));
 * ```
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from "fastify";
import type { Auth, User } from "../types.js";
import { type Admission, addressOf, admitAnybody, type MountOptions } from "./mount.js";
import { answer, authorizationOf, peerAddress, urlOf } from "./node_http.js";

export type { MountOptions } from "./mount.js";

declare module "fastify" {
  interface FastifyRequest {
    /** After `requireUser` the user, after `currentUser` the user or null. */
    authUser: User | null;
  }
}

/** Options of {@link routes}. */
export interface FastifyMountOptions extends MountOptions<FastifyRequest> {
  /** The service. */
  readonly auth: Auth;
}

/**
 * The plugin that serves the six routes. They lie under the service's own base path, whatever `prefix` the plugin is
 * registered with, and are answered before Fastify parses bodies; hooks that were added before apply. With `trustProxy`
 * take `clientAddress: (request) => request.ip`.
 */
export async function routes(app: FastifyInstance, options: FastifyMountOptions): Promise<void> {
  const { auth, clientAddress = ({ raw }: FastifyRequest) => peerAddress(raw) } = options;
  // Another service may have been registered before.
  if (!app.hasRequestDecorator("authUser")) app.decorateRequest("authUser", null);
  app.addHook("onRequest", async (request, reply) => {
    const url = urlOf(request.raw);
    if (url === undefined || !auth.covers(url)) return;
    return send(await answer(auth, request.raw, url, addressOf(clientAddress, request)), reply);
  });
}

// The hook is to see every request, not only those of routes inside the plugin.
Object.assign(routes, { [Symbol.for("skip-override")]: true, [Symbol.for("fastify.display-name")]: "auth101-wasm" });

/**
 * A hook that sets `request.authUser` to the user whose access token the request carries, or to null. Refuses nobody, but
 * answers 503 or 500 where it could not be found out.
 */
export function currentUser(auth: Auth): onRequestAsyncHookHandler {
  return guard((authorization) => admitAnybody(auth, authorization));
}

/** A hook that sets `request.authUser` to the user whose access token the request carries, and answers 401 without one. */
export function requireUser(auth: Auth): onRequestAsyncHookHandler {
  return guard((authorization) => auth.authorize(authorization));
}

function guard(
  admit: (authorization: string | undefined) => Promise<Admission<User | null>>,
): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const admission = await admit(authorizationOf(request.raw));
    if (admission.refusal !== undefined) return send(admission.refusal, reply);
    request.authUser = admission.user;
  };
}

/** As bytes: a stream would be sent in chunks, without a length. */
async function send(response: Response, reply: FastifyReply): Promise<FastifyReply> {
  reply.code(response.status).headers(Object.fromEntries(response.headers));
  return reply.send(response.body === null ? undefined : Buffer.from(await response.arrayBuffer()));
}
