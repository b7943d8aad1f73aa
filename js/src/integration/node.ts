/**
 * auth101 on Node's own `http` and `https` servers, with nothing else.
 *
 * ```js
 * import { createServer } from "node:http";
 * import { requireUser, routes } from "auth101-wasm/node";
 *
 * const serveAuth = routes(auth);
 * createServer(async (request, response) => {
 *   if (await serveAuth(request, response)) return;
 *   const user = await requireUser(auth, request, response);
 *   if (user === null) return;
 *   response.end(`Hello, ${user.email}`);
 * }).listen(3000);
 * ```
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Auth, User } from "../types.js";
import { addressOf, type MountOptions } from "./mount.js";
import { answer, authorizationOf, peerAddress, send, urlOf } from "./node_http.js";

export type { MountOptions } from "./mount.js";

/**
 * Serves the six routes.
 *
 * @returns A function that answers a request to a path under the base path and resolves to `true`, or leaves the request
 *   alone and resolves to `false`. It rejects only over a mistake in the program: where somebody has read the body before
 *   it, or where `clientAddress` throws.
 */
export function routes(
  auth: Auth,
  { clientAddress = peerAddress }: MountOptions<IncomingMessage> = {},
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const url = urlOf(request);
    if (url === undefined || !isOurs(auth, url)) return false;
    await send(await answer(auth, request, url, addressOf(clientAddress, request)), response);
    return true;
  };
}

/** Where even that cannot be found out, the routes answer, with 500: a rejection that nobody catches ends the process. */
function isOurs(auth: Auth, url: URL): boolean {
  try {
    return auth.covers(url);
  } catch {
    return true;
  }
}

/**
 * The user whose access token a request carries as `Authorization: Bearer …`; or null, and then the request is answered:
 * 401 in the words of the routes, 503 or 500 where it could not be found out.
 */
export async function requireUser(
  auth: Auth,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<User | null> {
  const { user, refusal } = await auth.authorize(authorizationOf(request));
  if (refusal !== undefined) await send(refusal, response);
  return user;
}
