// Tokens of any content, signed by neither side's code.

import { createHmac } from "node:crypto";
import { SECRET } from "./pair.mjs";

/** A token with these claims; `undefined` leaves one out. */
export function sign(claims, { header = { alg: "HS256", typ: "JWT" }, secret = SECRET } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** The claims of an access token of Python, for a user of an answer. */
export function accessClaims({ id, email }, changes = {}) {
  return { sub: id, iat: now(), exp: now() + 3_600, email, type: "access", ...changes };
}

/** Unix time in seconds. */
export function now() {
  return Math.floor(Date.now() / 1_000);
}
