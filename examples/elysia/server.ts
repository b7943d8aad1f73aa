// Elysia on Bun: `bun server.ts`.

import { Auth101 } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";
import { Elysia } from "elysia";

const auth = new Auth101({
  secret: process.env.AUTH_SECRET,
  database: sqlite(process.env.AUTH_DATABASE ?? "auth.db"),
});

const app = new Elysia()
  .onRequest(({ request, server }) => {
    // Before Elysia looks for a route or reads the body.
    if (auth.covers(new URL(request.url))) {
      return auth.handler(request, { ipAddress: server?.requestIP(request)?.address });
    }
  })
  .get("/", () => "Hello, stranger")
  .get("/me", async ({ request }) => {
    const { user, refusal } = await auth.authorize(request.headers.get("authorization"));
    return user === null ? refusal : { email: user.email };
  })
  .listen({ hostname: "127.0.0.1", port: Number(process.env.PORT ?? 3000) });

console.log(`http://127.0.0.1:${app.server?.port}`);
