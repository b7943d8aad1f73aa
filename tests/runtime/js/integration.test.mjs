// Every example answers the six routes and protects one of its own. Those that serve by themselves do so here, over HTTP,
// with their framework on their runtime. Those of Next.js, SvelteKit and Astro are not run by their framework: their
// functions are called with real `Request`s and with stand-ins for what the framework would pass beside them.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { EXAMPLES, loadExample, startExample } from "./app.mjs";
import { holdClaims } from "./claims.mjs";

for (const [runtime, name] of [
  ["node", "hono"],
  ["node", "express"],
  ["node", "fastify"],
  ["node", "node-http"],
  ["bun", "elysia"],
  ["deno", "deno"],
  ["bun", "bun"],
]) {
  test(`examples/${name} served by ${runtime}`, async (t) => {
    await holdClaims(t, await startExample(t, runtime, `${name}/server.ts`), { address: "127.0.0.1" });
  });
}

const load = (path) => import(new URL(path, `file://${EXAMPLES}`).href);

test("the functions of examples/nextjs, called as Next.js would, without it", async (t) => {
  const app = await loadExample(t, async () => {
    const [routes, me] = [await load("nextjs/app/auth/[...route]/route.ts"), await load("nextjs/app/me/route.ts")];
    return (request) => {
      const { pathname } = new URL(request.url);
      const module = { "/me": me, "/": { GET: () => new Response("Hello, stranger") } }[pathname];
      const serve = (pathname.startsWith("/auth/") ? routes : module)?.[request.method];
      return serve === undefined ? new Response("Not found", { status: 404 }) : serve(request);
    };
  });
  await holdClaims(t, app, { address: null });
});

test("the functions of examples/sveltekit, called as SvelteKit would, without it", async (t) => {
  const app = await loadExample(t, async () => {
    const [{ handle }, me] = [await load("sveltekit/src/hooks.server.js"), await load("sveltekit/src/routes/me/+server.js")];
    const resolve = async (event) => {
      if (event.url.pathname === "/me") return me.GET(event);
      if (event.url.pathname !== "/") return new Response("Not found", { status: 404 });
      return new Response(`Hello, ${event.locals.user?.email ?? "stranger"}`);
    };
    return (request) => {
      const event = { request, url: new URL(request.url), locals: {}, getClientAddress: () => "192.0.2.7" };
      return handle({ event, resolve });
    };
  });
  await holdClaims(t, app, { address: "192.0.2.7" });
});

test("the functions of examples/astro, called as Astro would, without it", async (t) => {
  const app = await loadExample(t, async () => {
    const [{ onRequest }, me] = [await load("astro/src/middleware.js"), await load("astro/src/pages/me.js")];
    return (request) => {
      const context = { request, url: new URL(request.url), clientAddress: "192.0.2.8", locals: {} };
      return onRequest(context, async () => {
        if (context.url.pathname === "/me") return me.GET(context);
        const isHome = context.url.pathname === "/";
        return new Response(isHome ? "Hello, stranger" : "Not found", { status: isHome ? 200 : 404 });
      });
    };
  });
  await holdClaims(t, app, { address: "192.0.2.8" });
});

test("the examples in TypeScript check, with the types of the frameworks that are installed", () => {
  const tsc = join(EXAMPLES, "../node_modules/.bin/tsc");
  execFileSync(tsc, ["--project", join(EXAMPLES, "tsconfig.json")], { stdio: "inherit" });
});
