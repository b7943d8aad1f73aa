import { Auth101 } from "auth101-wasm";
import { currentUser, requireUser, routes } from "auth101-wasm/fastify";
import { sqlite } from "auth101-wasm/sqlite";
import Fastify from "fastify";

const auth = new Auth101({
  secret: process.env.AUTH_SECRET,
  database: sqlite(process.env.AUTH_DATABASE ?? "auth.db"),
});

const app = Fastify();
await app.register(routes, { auth });

app.get("/", { onRequest: currentUser(auth) }, (request) => `Hello, ${request.authUser?.email ?? "stranger"}`);
app.get("/me", { onRequest: requireUser(auth) }, async (request) => ({ email: request.authUser?.email }));

console.log(await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 3000) }));
