// Hono on Node. On Deno `Deno.serve(app.fetch)` and on Bun `export default app` serve the same app.

import { serve } from "@hono/node-server";
import { Auth101 } from "auth101-wasm";
import { currentUser, requireUser, routes } from "auth101-wasm/hono";
import { sqlite } from "auth101-wasm/sqlite";
import { Hono } from "hono";

const auth = new Auth101({
  secret: process.env.AUTH_SECRET,
  database: sqlite(process.env.AUTH_DATABASE ?? "auth.db"),
});

const app = new Hono();
app.use(routes(auth));

app.get("/", currentUser(auth), (c) => c.text(`Hello, ${c.var.authUser?.email ?? "stranger"}`));
app.get("/me", requireUser(auth), (c) => c.json({ email: c.var.authUser.email }));

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});
