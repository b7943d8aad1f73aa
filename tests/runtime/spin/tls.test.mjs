// TLS to PostgreSQL, on real servers with it and without: what works, and what is named as a mistake, with the sslmode that
// fixes it.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { CHEAP_HASH, json, postgresDatabase, startSpin, until } from "./harness.mjs";

/** Self-signed, as that of a server which Debian has installed, and as short-lived as this file. */
const CERTIFICATE =
  "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost " +
  "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -keyout server.key -out server.crt";

const signUp = (application) =>
  application.fetch("/auth/sign-up/email", json({ email: "tls@example.com", password: "password" }));

/** Runs statements on the server of a database, and returns the rows of the last. */
async function sql(url, ...statements) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows;
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

/** The address of a new database, with the user and password that must not be told, and with an sslmode. */
async function address(sslmode) {
  const url = new URL(await postgresDatabase());
  url.password = "marker";
  if (sslmode) url.searchParams.set("sslmode", sslmode);
  return String(url);
}

/** Signs up over an address, and tells whether a connection to its database is encrypted. */
async function isEncrypted(url, env = {}) {
  const application = await startSpin({ options: { ...CHEAP_HASH, database: url }, env });
  try {
    const answer = await signUp(application);
    assert.equal(answer.status, 201, application.log);
    const where = "WHERE datname = $1 AND pid <> pg_backend_pid()";
    const client = new pg.Client({ connectionString: url.replace(/\?.*/, "") });
    await client.connect();
    const name = new URL(url).pathname.slice(1);
    const { rows } = await client.query(`SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) ${where}`, [name]);
    await client.end();
    assert.equal(rows.length, 1);
    return rows[0].ssl;
  } finally {
    await application.dispose();
  }
}

/** Signs up over an address that cannot work, and checks what is said of it. */
async function isNamed(url) {
  const application = await startSpin({ options: { ...CHEAP_HASH, database: url } });
  try {
    const answer = await signUp(application);
    assert.equal(answer.status, 500);
    assert.equal((await answer.json()).error.code, "INTERNAL_ERROR");
    const lines = () => application.log.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    await until(() => lines().length > 0);
    const [line, ...others] = lines();
    assert.deepEqual(others, []);
    assert.equal(line.fault, "not_set_up");
    assert.equal(line.subject, "auth_database");
    assert.match(line.problem, /TLS/);
    assert.match(line.remedy, /sslmode=disable/);
    assert.match(line.remedy, /sslmode=require/);
    assert.ok(!application.log.includes("marker"), application.log);
  } finally {
    await application.dispose();
  }
}

describe("a server without TLS", () => {
  test("is used without it where the address leaves that open, or says so", async () => {
    assert.equal(await isEncrypted(await address()), false);
    assert.equal(await isEncrypted(await address("prefer")), false);
    assert.equal(await isEncrypted(await address("disable")), false);
  });

  test("is a mistake of the address that asks for it", async () => isNamed(await address("require")));
});

describe("a server with a certificate of its own making", () => {
  let folder;
  let trusting;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "auth101-tls-"));
    const url = await postgresDatabase();
    const [{ certificate }] = await sql(
      url,
      `COPY (SELECT 1) TO PROGRAM '${CERTIFICATE}'`,
      "ALTER SYSTEM SET ssl = on",
      "SELECT pg_reload_conf()",
      "SELECT pg_read_file('server.crt') AS certificate",
    );
    const file = join(folder, "server.crt");
    await writeFile(file, certificate);
    trusting = { SSL_CERT_FILE: file };
    await until(async () => (await sql(url, "SHOW ssl"))[0].ssl === "on");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("is a mistake of an address that does not say how to do without, for Spin verifies", async () => {
    await isNamed(await address());
    await isNamed(await address("prefer"));
    await isNamed(await address("require"));
  });

  test("is used without TLS where the address says so", async () => {
    assert.equal(await isEncrypted(await address("disable")), false);
  });

  test("is used with TLS where the machine trusts its certificate", async () => {
    assert.equal(await isEncrypted(await address(), trusting), true);
    assert.equal(await isEncrypted(await address("require"), trusting), true);
  });

  test("that lets nobody in without TLS is a mistake of an address that does without", async () => {
    const plain = await address("disable");
    // The first line that fits decides.
    const rule = `hostnossl ${new URL(plain).pathname.slice(1)} all all reject`;
    const prepend = "cat - pg_hba.conf > new_hba.conf && mv new_hba.conf pg_hba.conf";
    await sql(await postgresDatabase(), `COPY (SELECT '${rule}') TO PROGRAM '${prepend}'`, "SELECT pg_reload_conf()");
    await until(() => sql(plain).then(() => false, () => true));
    await isNamed(plain);
  });
});
