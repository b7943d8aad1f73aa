import type { Tokens } from "../types.js";

/** What is kept between calls: the last answer of the service, and when its access token expires. */
export interface StoredSession extends Tokens {
  /** Milliseconds since 1970, by the clock of this machine. */
  expires_at: number;
}

/**
 * Where a session is kept. The application chooses, or brings its own:
 *
 * ```ts
 * const keychain: TokenStorage = {
 *   get: async () => JSON.parse((await SecureStore.getItemAsync("session")) ?? "null"),
 *   set: async (session) =>
 *     session
 *       ? SecureStore.setItemAsync("session", JSON.stringify(session))
 *       : SecureStore.deleteItemAsync("session"),
 * };
 * ```
 *
 * The two methods may return a value or a promise. If one throws, or does not answer within ten seconds, the call that
 * needed it resolves to a `STORAGE_ERROR`.
 */
export interface TokenStorage {
  /**
   * A name for the storage, if other pages or workers of the origin share it: they then take turns under it (Web
   * Locks), so that one of them refreshes and the others wait. Leave it out for a storage of one page.
   *
   * A page may still refresh after another has: browsers show a change of `localStorage` to other processes a little
   * later. Both send the same token then, and get the same answer.
   */
  readonly name?: string;
  /** What was stored last; null if nothing is. What is not a session counts as null. */
  get(): unknown;
  /** Stores a session, or removes it if null. */
  set(session: StoredSession | null): unknown;
  /**
   * Calls the listener after each change that another page made. Returns a function that ends this. Without the method
   * a sign-out in another page is noticed at the next call.
   */
  subscribe?(listener: () => void): () => void;
}

/** Keeps the session in memory: a reload signs out, and no other page knows of it. */
export function memoryStorage(): TokenStorage {
  let stored: StoredSession | null = null;
  return {
    get: () => stored,
    set: (session) => {
      stored = session;
    },
  };
}

/**
 * Keeps the session in `localStorage`: it survives a reload and is shared by all pages of the origin. Every script on
 * these pages can read it.
 *
 * Not for `sessionStorage`: a duplicated page starts with a copy of the tokens, and two copies that are refreshed apart
 * look like theft, which ends the session.
 *
 * @param storage `localStorage`, or what behaves like it
 * @param key under which the session is stored, as JSON
 */
export function webStorage(storage: Storage, key = "auth101"): TokenStorage {
  return {
    name: key,
    get: () => {
      const text = storage.getItem(key);
      try {
        return text === null ? null : JSON.parse(text);
      } catch {
        return null;
      }
    },
    set: (session) => {
      if (session) storage.setItem(key, JSON.stringify(session));
      else storage.removeItem(key);
    },
    subscribe: (listener) => {
      // The key is null when everything was cleared. Only other pages' changes arrive.
      const heard = (event: StorageEvent) => {
        if (event.storageArea === storage && (event.key === key || event.key === null)) listener();
      };
      globalThis.addEventListener("storage", heard);
      return () => globalThis.removeEventListener("storage", heard);
    },
  };
}
