// The Spin component, on the SQLite file of its host and on PostgreSQL.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startSpin } from "../../runtime/spin/harness.mjs";
import { client } from "../client.mjs";
import { forPython, newDatabase } from "../databases.mjs";

export const spinOnSqlite = side("the Spin component on its SQLite file", "sqlite");
export const spinOnPostgres = side("the Spin component on PostgreSQL", "postgres");

function side(name, dialect) {
  const start = async ({ secret, options }) => {
    const folder = await mkdtemp(path.join(tmpdir(), "auth101-interop-"));
    const url = dialect === "postgres" ? await newDatabase(dialect) : undefined;
    const application = await startSpin({ database: dialect, secret, options, on: { folder, database: { url } } });
    return {
      ...client(application.url),
      // Of the host.
      pid: application.server(),
      database: url ? forPython(url) : `sqlite:///${path.join(folder, "sqlite_db.db")}`,
      stop: async () => {
        await application.dispose();
        await rm(folder, { recursive: true, force: true });
      },
    };
  };
  return { name, dialect, waitsForLocks: true, start };
}
