// Deno: `deno run --allow-net --allow-env --allow-read --allow-write server.ts`.

import { Auth101 } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";

const auth = new Auth101({
  secret: Deno.env.get("AUTH_SECRET"),
  database: sqlite(Deno.env.get("AUTH_DATABASE") ?? "auth.db"),
});

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 3000),
    onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
  },
  async (request, { remoteAddr }) => {
    const url = new URL(request.url);
    if (auth.covers(url)) return auth.handler(request, { ipAddress: remoteAddr.hostname });
    if (url.pathname === "/") return new Response("Hello, stranger");
    if (url.pathname !== "/me") return new Response("Not found", { status: 404 });
    const { user, refusal } = await auth.authorize(request.headers.get("authorization"));
    return user === null ? refusal : Response.json({ email: user.email });
  },
);
