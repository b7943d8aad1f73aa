// Bun: `bun server.ts`.

import { Auth101 } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";

const auth = new Auth101({
  secret: process.env.AUTH_SECRET,
  database: sqlite(process.env.AUTH_DATABASE ?? "auth.db"),
});

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 3000),
  async fetch(request, server) {
    const url = new URL(request.url);
    if (auth.covers(url)) return auth.handler(request, { ipAddress: server.requestIP(request)?.address });
    if (url.pathname === "/") return new Response("Hello, stranger");
    if (url.pathname !== "/me") return new Response("Not found", { status: 404 });
    const { user, refusal } = await auth.authorize(request.headers.get("authorization"));
    return user === null ? refusal : Response.json({ email: user.email });
  },
});

console.log(`http://127.0.0.1:${server.port}`);
