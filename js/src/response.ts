/**
 * From the core's response to the Web's.
 *
 * @module
 */

/** A response as the core gives it. */
export interface ResponseParts {
  readonly status: number;
  readonly headers: [name: string, value: string][];
  readonly body: string;
}

/** The response. */
export function responseOf({ status, headers, body }: ResponseParts): Response {
  // With the charset left out: `new Response` adds none to a type that is given.
  return new Response(body === "" ? null : new TextEncoder().encode(body), { status, headers });
}
