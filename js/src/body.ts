/**
 * Request bodies: read as far as they may go, for as long as they may take.
 *
 * @module
 */

/** The longest body that is read, in bytes; the core's own limit. */
export const MAX_BODY_BYTES = 65_536;
/** How long a body may take to arrive in all, in milliseconds. */
export const READING_TIME = 10_000;

/** Whether somebody has read the body or is reading it: a mistake in the program, for nothing is left of it then. */
export function isTaken(request: Request): boolean {
  return request.bodyUsed || request.body?.locked === true;
}

/** A body: its bytes, or why there are none to look at. */
export type ReadBody = Uint8Array | "too large" | "not bytes";

/**
 * The body of a request that nobody has read. One that announces more than the cap is not read at all, one that turns out
 * to be longer is read no further, and one that is cut off or stalls is empty: half of a request must not be carried out,
 * and memory is not kept for bytes that may never come. A stream of a host's may give something else than bytes.
 */
export async function readBody(request: Request): Promise<ReadBody> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > MAX_BODY_BYTES) return "too large";
  if (request.body === null) return new Uint8Array();
  const reader: ReadableStreamDefaultReader<unknown> = request.body.getReader();
  let isLate = false;
  let notify = () => {};
  const timer = setTimeout(() => {
    isLate = true;
    notify();
  }, READING_TIME);
  // No race against one promise for the deadline, which would hold every piece until it is settled.
  const next = () =>
    new Promise<ReadableStreamReadResult<unknown> | "late">((resolve, reject) => {
      notify = () => resolve("late");
      if (isLate) notify();
      reader.read().then(resolve, reject);
    });
  const body = new Collector();
  const giveUp = <Outcome>(outcome: Outcome): Outcome => {
    body.wipe();
    callOff(reader);
    return outcome;
  };
  try {
    for (;;) {
      const read = await next();
      if (read === "late") return giveUp(new Uint8Array());
      if (read.done) return body.whole();
      if (!isBytes(read.value)) return giveUp("not bytes");
      if (!body.push(read.value)) return giveUp("too large");
    }
  } catch {
    body.wipe();
    return new Uint8Array();
  } finally {
    clearTimeout(timer);
  }
}

/** Whether it is a `Uint8Array`, also one of another realm: a test may run in one. */
function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === "[object Uint8Array]" && ArrayBuffer.isView(value);
}

/** Tells the platform that the rest is not wanted. Whether it could be told changes nothing. */
function callOff(reader: ReadableStreamDefaultReader<unknown>): void {
  reader.cancel().catch(() => {});
}

/**
 * A body while it arrives. It is copied, so that what it costs is bounded: a piece of one byte may be a view of a large
 * buffer of the runtime's.
 */
class Collector {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** Takes the next piece, if it fits. */
  push(piece: Uint8Array): boolean {
    const length = this.#length + piece.byteLength;
    if (length > MAX_BODY_BYTES) return false;
    if (length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.min(MAX_BODY_BYTES, 2 * length));
      larger.set(this.#bytes);
      this.#bytes.fill(0);
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  whole(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  wipe(): void {
    this.#bytes.fill(0);
  }
}
