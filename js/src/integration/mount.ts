/**
 * What every integration shares: its options, and who may pass.
 *
 * @module
 */

import type { Auth, User } from "../types.js";

/** Options of an integration. */
export interface MountOptions<Context> {
  /**
   * The address that the session's row is to hold for a request. By default that of the peer, which behind a proxy is
   * the proxy's. Read a header such as `X-Forwarded-For` only where a proxy of yours overwrites it: anybody can send
   * one.
   *
   * What is no string counts as no address, and so does a promise: the address is wanted at once. Where it throws, the
   * request fails as it does when any other handler of yours throws, and no route is called.
   */
  readonly clientAddress?: ((context: Context) => string | undefined) | undefined;
}

/**
 * The address that the host's function gives for a request.
 *
 * @throws what the function throws.
 */
export function addressOf<Context>(
  clientAddress: (context: Context) => string | undefined,
  context: Context,
): string | undefined {
  const address: unknown = clientAddress(context);
  if (typeof address === "string") return address;
  // Of an `async` function: that it rejects changes nothing, and must not end the process.
  Promise.resolve(address).catch(() => {});
  return undefined;
}

/** The user of a request of the host's own routes, or the response that it gets instead. */
export type Admission<Admitted extends User | null> =
  | { readonly user: Admitted; readonly refusal?: undefined }
  | { readonly user: null; readonly refusal: Response };

/** Lets in everybody, but for an outage: that nobody could ask who it is does not make it nobody. */
export async function admitAnybody(auth: Auth, authorization: string | undefined): Promise<Admission<User | null>> {
  const admission = await auth.authorize(authorization);
  return admission.refusal?.status === 401 ? { user: null } : admission;
}

/** An address as it is written: an IPv4 one without the prefix of a socket for both versions (RFC 4291, 2.5.5.2). */
export function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/i, "");
}
