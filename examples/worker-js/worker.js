// A Cloudflare Worker in JavaScript, on D1: `npx wrangler dev`.

import { Auth101 } from "auth101-wasm";
import { d1 } from "auth101-wasm/d1";

/** One for all requests of an isolate: its bindings never change. */
let auth;

export default {
  async fetch(request, env) {
    auth ??= new Auth101({ secret: env.AUTH_SECRET, database: d1(env.DB) });
    const { pathname } = new URL(request.url);
    if (auth.covers(pathname)) {
      // Set by the platform, which overwrites what a client sends under this name.
      return auth.handler(request, { ipAddress: request.headers.get("cf-connecting-ip") ?? undefined });
    }
    if (pathname !== "/me") return new Response("Not found", { status: 404 });
    const { user, refusal } = await auth.authorize(request.headers.get("authorization"));
    return user === null ? refusal : Response.json({ email: user.email });
  },
};
