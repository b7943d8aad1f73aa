// The npm package behind Node's own HTTP server, on each of its databases.

import { Auth101 } from "auth101-wasm";
import { mysql2 } from "auth101-wasm/mysql2";
import { routes } from "auth101-wasm/node";
import { pg } from "auth101-wasm/pg";
import { sqlite } from "auth101-wasm/sqlite";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import mysql from "mysql2/promise";
import postgres from "pg";
import { camelCase } from "../../runtime/js/camel.mjs";
import { client } from "../client.mjs";
import { forPython, newDatabase } from "../databases.mjs";

export const npmOnSqlite = side("the npm package on SQLite", "sqlite", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "auth101-interop-"));
  const file = path.join(directory, "app.db");
  return {
    driver: sqlite(file),
    database: `sqlite:///${file}`,
    close: () => rm(directory, { recursive: true, force: true }),
  };
});

export const npmOnPostgres = side("the npm package on PostgreSQL", "postgres", async () => {
  const url = await newDatabase("postgres");
  const pool = new postgres.Pool({ connectionString: url });
  return { driver: pg(pool), database: forPython(url), close: () => pool.end() };
});

export const npmOnMariaDb = side("the npm package on MariaDB", "mariadb", async () => {
  const url = await newDatabase("mariadb");
  const pool = mysql.createPool({ uri: url });
  return { driver: mysql2(pool), database: forPython(url), close: () => pool.end() };
});

function side(name, dialect, open) {
  const start = async ({ secret, options }) => {
    const { driver, database, close } = await open();
    const auth = new Auth101({ ...camelCase(options), secret, database: driver, onEvent: () => {} });
    const serve = routes(auth);
    const server = createServer(async (request, response) => {
      if (!(await serve(request, response))) response.writeHead(404).end();
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      ...client(`http://127.0.0.1:${server.address().port}`),
      database,
      stop: async () => {
        await new Promise((resolve) => server.close(resolve));
        await auth.close();
        await close();
      },
    };
  };
  return { name, dialect, waitsForLocks: true, start };
}
