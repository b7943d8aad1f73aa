// Node's own server, with no framework.

import { createServer } from "node:http";
import { Auth101 } from "auth101-wasm";
import { requireUser, routes } from "auth101-wasm/node";
import { sqlite } from "auth101-wasm/sqlite";

const auth = new Auth101({
  secret: process.env.AUTH_SECRET,
  database: sqlite(process.env.AUTH_DATABASE ?? "auth.db"),
});
const serveAuth = routes(auth);

const server = createServer(async (request, response) => {
  if (await serveAuth(request, response)) return;
  if (request.url === "/me") {
    const user = await requireUser(auth, request, response);
    if (user !== null) response.setHeader("content-type", "application/json").end(JSON.stringify({ email: user.email }));
    return;
  }
  response.writeHead(request.url === "/" ? 200 : 404).end(request.url === "/" ? "Hello, stranger" : "Not found");
});

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`http://127.0.0.1:${address.port}`);
});
