// What TypeScript must accept and refuse: the clients as their packages declare them. Checked, never run.

import type { D1Database } from "@cloudflare/workers-types";
import { PGlite } from "@electric-sql/pglite";
import { createClient } from "@libsql/client";
import callbacks from "mysql2";
import mysql from "mysql2/promise";
import postgres from "pg";
import { d1 } from "../../../js/dist/esm/driver/d1.js";
import type { Database } from "../../../js/dist/esm/driver/database.js";
import { libsql } from "../../../js/dist/esm/driver/libsql.js";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";

declare const binding: D1Database;

export const accepted: Database[] = [
  pg(new postgres.Pool()),
  pg(new postgres.Client()),
  pg(await new postgres.Pool().connect()),
  pg(new PGlite()),
  mysql2(mysql.createPool("")),
  mysql2(await mysql.createConnection("")),
  mysql2(callbacks.createPool("")),
  mysql2(callbacks.createConnection("")),
  libsql(createClient({ url: "" })),
  d1(binding),
];

export const refused = [
  // @ts-expect-error: a connection string is no client.
  pg("postgresql://localhost"),
  // @ts-expect-error: a pool of another package.
  mysql2(new postgres.Pool()),
  // @ts-expect-error: a binding is no client of libSQL.
  libsql(binding),
  // @ts-expect-error: a session of D1 may read from a replica.
  d1(binding.withSession()),
  // @ts-expect-error: nor the other way about.
  d1(createClient({ url: "" })),
];
