/** Milliseconds between the end of the time and the rejection. */
const LAST_CALL = 50;

/**
 * Runs something that can take for ever, and rejects when it has taken `milliseconds`. The signal then tells the action
 * to stop; whether it listens does not matter to the caller.
 */
export async function bounded<T>(
  milliseconds: number,
  action: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<never>((_, reject) => {
    const expire = () => {
      const error = new Error(`no answer within ${milliseconds} ms`);
      reject(error);
      controller.abort(error);
    };
    // In two steps: a page that was frozen, or a machine that slept, finds the timer due and the answer arrived at the
    // same moment. The answer then comes first, for a refresh that is believed lost could end the session.
    timer = setTimeout(() => (timer = setTimeout(expire, LAST_CALL)), milliseconds);
  });
  try {
    return await Promise.race([action(controller.signal), end]);
  } finally {
    clearTimeout(timer);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
