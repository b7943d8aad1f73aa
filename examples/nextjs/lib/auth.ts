import { Auth101 } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";

export const auth = new Auth101({
  secret: process.env.AUTH_SECRET,
  database: sqlite(process.env.AUTH_DATABASE ?? "auth.db"),
});
