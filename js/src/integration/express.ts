/**
 * auth101 in Express 4 and 5, and in anything else that takes Connect's middleware.
 *
 * ```js
 * import express from "express";
 * import { requireUser, routes } from "auth101-wasm/express";
 *
 * const app = express();
 * app.use(routes(auth));
 * app.get("/me", requireUser(auth), (request, response) => {
 *   response.json({ email: request.authUser.email });
 * });
 * ```
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Auth, User } from "../types.js";
import { type Admission, addressOf, admitAnybody, type MountOptions } from "./mount.js";
import { answer, authorizationOf, type NodeRequest, peerAddress, send, urlOf } from "./node_http.js";

export type { MountOptions } from "./mount.js";

declare global {
  namespace Express {
    interface Request {
      /** After `requireUser` the user, after `currentUser` the user or null. */
      authUser?: User | null;
    }
  }
}

/** A request of Express, as far as it is looked at here. */
export interface ExpressRequest extends NodeRequest {
  authUser?: User | null;
}

/** A middleware. */
export type Middleware<Request extends IncomingMessage = ExpressRequest> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Serves the six routes; `app.use(routes(auth))`, with or without a path, for the base path is looked for in the whole
 * URL. It may stand before or behind `express.json()`. Behind a proxy take `clientAddress: (request) => request.ip`
 * together with Express's setting `trust proxy`.
 */
export function routes<Request extends IncomingMessage = ExpressRequest>(
  auth: Auth,
  { clientAddress = peerAddress }: MountOptions<Request> = {},
): Middleware<Request> {
  return (request, response, next) => {
    const url = urlOf(request);
    if (url === undefined || !auth.covers(url)) return next();
    const answered = async () => send(await answer(auth, request, url, addressOf(clientAddress, request)), response);
    answered().catch(next);
  };
}

/**
 * Sets `request.authUser` to the user whose access token the request carries, or to null. Refuses nobody, but answers
 * 503 or 500 where it could not be found out.
 */
export function currentUser(auth: Auth): Middleware {
  return guard((authorization) => admitAnybody(auth, authorization));
}

/** Sets `request.authUser` to the user whose access token the request carries, and answers 401 without one. */
export function requireUser(auth: Auth): Middleware {
  return guard((authorization) => auth.authorize(authorization));
}

function guard(admit: (authorization: string | undefined) => Promise<Admission<User | null>>): Middleware {
  return (request, response, next) => {
    const isAdmitted = async () => {
      const admission = await admit(authorizationOf(request));
      if (admission.refusal === undefined) request.authUser = admission.user;
      else await send(admission.refusal, response);
      return admission.refusal === undefined;
    };
    isAdmitted().then((admitted) => {
      if (admitted) next();
    }, next);
  };
}
