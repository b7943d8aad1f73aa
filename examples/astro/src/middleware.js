// Astro with `output: "server"`: serves /auth before Astro looks for a page.

import { auth } from "./lib/auth.js";

/** @type {import("astro").MiddlewareHandler} */
export async function onRequest(context, next) {
  if (auth.covers(context.url)) return auth.handler(context.request, { ipAddress: context.clientAddress });
  return next();
}
