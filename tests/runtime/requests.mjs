// What the tests of every runtime send, and how they wait.

/** The init of a request with a JSON body. */
export function json(body, headers = {}) {
  return { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
}

/**
 * Waits until a condition holds: what a runtime logs arrives a little after its answer. Whatever takes longer than the
 * time-out hangs.
 */
export async function until(condition, milliseconds = 60_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`waited ${milliseconds} ms in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
