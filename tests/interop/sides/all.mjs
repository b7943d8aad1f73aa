// The sides of the matrix: this project on one of its runtimes and databases. A side has
//   name                          as the tests call it
//   dialect                       sqlite, postgres or mariadb
//   waitsForLocks                 whether it waits for what the other side is writing, so that both may write at once
//   start({ secret, options })    serves an empty database of its own; options by their canonical names. Resolves to a
//                                 client (client.mjs) with
//     database                    the database as a URL of SQLAlchemy
//     stop()

import { npmOnMariaDb, npmOnPostgres, npmOnSqlite } from "./npm.mjs";
import { spinOnPostgres, spinOnSqlite } from "./spin.mjs";
import { worker } from "./worker.mjs";

export const SIDES = [worker, spinOnSqlite, spinOnPostgres, npmOnSqlite, npmOnPostgres, npmOnMariaDb];
