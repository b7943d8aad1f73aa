// Express 5; Express 4 is written the same way.

import { Auth101 } from "auth101-wasm";
import { currentUser, requireUser, routes } from "auth101-wasm/express";
import { sqlite } from "auth101-wasm/sqlite";
import express from "express";

const auth = new Auth101({
  secret: process.env.AUTH_SECRET,
  database: sqlite(process.env.AUTH_DATABASE ?? "auth.db"),
});

const app = express();
// Best before body parsers: then a body over the limit is not read to its end.
app.use(routes(auth));
app.use(express.json());

app.get("/", currentUser(auth), (request, response) => {
  response.send(`Hello, ${request.authUser?.email ?? "stranger"}`);
});
app.get("/me", requireUser(auth), (request, response) => {
  response.json({ email: request.authUser?.email });
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(`http://127.0.0.1:${address.port}`);
});
