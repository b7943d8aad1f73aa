import type { Tokens } from "../types.js";
import { bounded } from "./bounded.js";
import { exclusive } from "./exclusive.js";
import { failure, type Result } from "./result.js";
import { supersedes } from "./saving.js";
import type { StoredSession, TokenStorage } from "./storage.js";
import { isTokens, messageOf } from "./wire.js";

/** The storage of the application threw, or did not answer. */
export class StorageFailure extends Error {}

/** Milliseconds for one call of the storage: a keychain may ask its user. */
const PATIENCE = 10_000;
/** Milliseconds for the turn to write. */
const TURN = 2_000;

/**
 * The storage, with comparison and writing as one step.
 *
 * Every method rejects with a {@link StorageFailure} and with nothing else.
 */
export interface Vault {
  /** The session that is stored. */
  read(): Promise<StoredSession | null>;
  /** Stores a new session if it is still wanted when its turn comes. */
  open(session: StoredSession, isWanted: () => boolean): Promise<boolean>;
  /** Stores the answer to a refresh by the saving rule; resolves to what is stored afterwards. */
  renew(sent: string, answer: StoredSession): Promise<StoredSession | null>;
  /** Removes a session whose refresh token was refused, if it is still there; resolves to what is stored afterwards. */
  drop(sent: string): Promise<StoredSession | null>;
  /** Removes what is stored, and resolves to it. */
  close(): Promise<StoredSession | null>;
}

export function createVault(storage: TokenStorage, changed: () => void): Vault {
  async function call<T>(action: () => T | PromiseLike<T>): Promise<T> {
    try {
      return await bounded(PATIENCE, action);
    } catch (error) {
      throw new StorageFailure(`The storage failed: ${messageOf(error)}`);
    }
  }
  const read = async () => {
    const stored = await call(() => storage.get());
    return isStoredSession(stored) ? stored : null;
  };
  const write = async (session: StoredSession | null) => {
    await call(() => storage.set(session));
    changed();
  };
  const inTurn = <T>(action: () => Promise<T>) =>
    exclusive({ of: storage, name: storage.name, purpose: "write", patience: TURN }, action);
  return {
    read,
    open: (session, isWanted) =>
      inTurn(async () => {
        if (!isWanted()) return false;
        await write(session);
        return true;
      }),
    renew: (sent, answer) =>
      inTurn(async () => {
        const stored = await read();
        if (!supersedes(stored, sent, answer)) return stored;
        await write(answer);
        return answer;
      }),
    drop: (sent) =>
      inTurn(async () => {
        const stored = await read();
        if (stored?.refresh_token !== sent) return stored;
        await write(null);
        return null;
      }),
    close: () =>
      inTurn(async () => {
        const stored = await read();
        await write(null);
        return stored;
      }),
  };
}

/** The failure of a storage as a result. */
export async function settled<Answer>(action: () => Promise<Result<Answer>>): Promise<Result<Answer>> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof StorageFailure) return failure("STORAGE_ERROR", error.message);
    throw error;
  }
}

/** What is stored of an answer to a request that was sent at a moment of {@link Date.now}. */
export function storedSession({ user, access_token, refresh_token, expires_in }: Tokens, sentAt: number): StoredSession {
  return { user, access_token, refresh_token, expires_in, expires_at: sentAt + expires_in * 1000 };
}

function isStoredSession(value: unknown): value is StoredSession {
  return isTokens(value) && "expires_at" in value && typeof value.expires_at === "number";
}
