/** What the client reads in a token. It cannot verify one, and need not: the service does. */
export interface Claims {
  /** The user. */
  sub?: unknown;
  /** The session; absent from tokens that the Python package minted. */
  sid?: unknown;
  /** When it was made, in seconds. */
  iat?: unknown;
}

/** The claims of a JSON Web Token; none if it is not one. */
export function claimsOf(token: string): Claims {
  try {
    const payload = token.split(".")[1] ?? "";
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}
