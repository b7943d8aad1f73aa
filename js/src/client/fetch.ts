import type { Refresher } from "./refresh.js";
import type { Failure } from "./result.js";
import { settled } from "./vault.js";

/**
 * A `fetch` that sends the access token along: fresh, and once more with a renewed one where it was refused (401).
 *
 * @param origins to which the token may go; requests to others are left as they are
 */
export function createFetch(origins: ReadonlySet<string>, send: typeof fetch, refresher: Refresher): typeof fetch {
  async function authorized(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    const request = isRequest(input) ? input : undefined;
    const headers = new Headers(init?.headers ?? request?.headers);
    if (!origins.has(originOf(request?.url ?? String(input))) || headers.has("Authorization")) {
      return send(input, init);
    }
    const signal = init?.signal ?? request?.signal;
    const session = await unlessAborted(settled(() => refresher.fresh()), signal);
    if (session.error) {
      if (isSignedOut(session)) return send(input, init);
      // Sent without its token it would be another request. So it fails as one that found no network.
      throw new TypeError(`The access token could not be renewed: ${session.error.message}`, { cause: session.error });
    }
    const attempt = (accessToken: string, isLast: boolean) => {
      headers.set("Authorization", `Bearer ${accessToken}`);
      return send(request && !isLast ? request.clone() : input, { ...init, headers });
    };
    if (!isRepeatable(init?.body)) return attempt(session.access_token, true);
    const response = await attempt(session.access_token, false);
    if (response.status !== 401) return response;
    const renewed = await unlessAborted(settled(() => refresher.renewed(session)), signal);
    // Where another user has signed in meanwhile, the request was not meant for that user.
    if (renewed.error || renewed.user.id !== session.user.id) return response;
    await response.body?.cancel().catch(() => undefined);
    return attempt(renewed.access_token, true);
  }
  // What a request in the place of the init says is no property of its own: a copy of it would say nothing.
  return async (input, init) => (isRequest(init) ? authorized(new Request(input, init), undefined) : authorized(input, init));
}

function isRequest(value: unknown): value is Request {
  return typeof value === "object" && value !== null && "url" in value && "method" in value;
}

function originOf(url: string): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).origin;
  } catch {
    return "";
  }
}

/** Whether the session is over, other than unreachable. */
function isSignedOut({ error: { code } }: Failure): boolean {
  return ["NOT_SIGNED_IN", "SESSION_NOT_FOUND", "INVALID_TOKEN", "USER_NOT_FOUND"].includes(code);
}

/** Whether a body can be sent twice: a stream is used up. */
function isRepeatable(body: unknown): boolean {
  return typeof body !== "object" || body === null || !("getReader" in body || Symbol.asyncIterator in body);
}

/** Waits for what others may wait for too: an abort ends this wait, and nothing else. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (abort) signal.removeEventListener("abort", abort);
  }
}
