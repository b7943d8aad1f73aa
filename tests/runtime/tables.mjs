// The tables of a database past the service, for tests: `script(sql)` runs statements, `run(statement, values)` one with
// `?` for each value and names in double quotes, and resolves to its rows as objects, datetimes as text.

import { DatabaseSync } from "node:sqlite";
import mysql from "mysql2/promise";
import pg from "pg";
import { boundToSqlite } from "./statements.mjs";

export class SqliteTables {
  #file;
  #open;

  constructor(file) {
    this.#file = file;
  }

  get #database() {
    this.#open ??= new DatabaseSync(this.#file, { timeout: 5_000 });
    return this.#open;
  }

  async script(sql) {
    this.#database.exec(sql);
  }

  async run(statement, values) {
    return this.#database.prepare(statement).all(...boundToSqlite(values)).map((row) => ({ ...row }));
  }

  async close() {
    this.#open?.close();
  }
}

export class PostgresTables {
  #client;

  constructor(url) {
    this.url = url;
  }

  async #connected() {
    if (!this.#client) {
      this.#client = new pg.Client({ connectionString: this.url });
      await this.#client.connect();
    }
    return this.#client;
  }

  async script(sql) {
    await (await this.#connected()).query(sql);
  }

  async run(statement, values) {
    let number = 0;
    const text = statement.replaceAll("?", () => `$${++number}`);
    // Integers are numbers; everything else is text as the server writes it.
    const parser = (type) => ([20, 21, 23].includes(type) ? Number : (value) => value);
    const client = await this.#connected();
    return (await client.query({ text, values, types: { getTypeParser: parser } })).rows.map((row) => ({ ...row }));
  }

  async close() {
    await this.#client?.end();
  }
}

export class MySqlTables {
  #connection;

  constructor(url) {
    this.url = url;
  }

  async #connected() {
    if (!this.#connection) {
      this.#connection = await mysql.createConnection({ uri: this.url, dateStrings: true, multipleStatements: true });
      await this.#connection.query("SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')");
    }
    return this.#connection;
  }

  async script(sql) {
    await (await this.#connected()).query(sql);
  }

  async run(statement, values) {
    return (await (await this.#connected()).query(statement, values))[0];
  }

  async close() {
    await this.#connection?.end();
  }
}
