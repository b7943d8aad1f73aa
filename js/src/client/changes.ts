import type { Session } from "../types.js";
import type { StoredSession, TokenStorage } from "./storage.js";
import { claimsOf } from "./token.js";

/** Called with who is signed in, or null. */
export type Listener = (session: Session | null) => void;

/** Tells listeners when somebody else is signed in than before, whichever page did it. */
export interface Changes {
  /** Something was written: look again. */
  changed(): void;
  /** Calls the listener with the state now, and after each change. Returns a function that ends this. */
  subscribe(listener: Listener): () => void;
}

export function createChanges(storage: TokenStorage, read: () => Promise<StoredSession | null>): Changes {
  /** What each listener heard last. */
  const heard = new Map<Listener, string | undefined>();
  let stop: (() => void) | undefined;
  let looking = Promise.resolve();

  async function look(): Promise<void> {
    // A storage that fails now tells its story at the next call.
    const stored = await read().catch(() => null);
    const state = stateOf(stored);
    for (const [listener, last] of heard) {
      if (last === state) continue;
      heard.set(listener, state);
      try {
        listener(stored && { user: stored.user });
      } catch (error) {
        // As for an event: the platform reports it, and the other listeners hear all the same.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
  const changed = () => {
    // One after the other, so that the last call tells the last state.
    if (heard.size > 0) looking = looking.then(look);
  };
  return {
    changed,
    subscribe: (listener) => {
      // A function of this subscription's own: the same listener may be given twice.
      const own: Listener = (session) => listener(session);
      heard.set(own, undefined);
      stop ??= storage.subscribe?.(changed);
      changed();
      return () => {
        heard.delete(own);
        if (heard.size === 0) {
          stop?.();
          stop = undefined;
        }
      };
    },
  };
}

/** Equal for two states between which there is nothing to tell: a refresh is no change. */
function stateOf(stored: StoredSession | null): string {
  return stored === null ? "" : JSON.stringify([claimsOf(stored.refresh_token).sid, stored.user]);
}
