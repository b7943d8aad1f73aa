import { pause } from "./bounded.js";
import { exclusive } from "./exclusive.js";
import { type ErrorCode, failure, type Result } from "./result.js";
import type { StoredSession, TokenStorage } from "./storage.js";
import { storedSession, type Vault } from "./vault.js";
import type { Wire } from "./wire.js";

/** The codes by which a refresh says that the session is over. */
const ENDS_SESSION: ReadonlySet<ErrorCode> = new Set(["INVALID_TOKEN", "SESSION_NOT_FOUND", "USER_NOT_FOUND"]);
/** The codes after which the service may have rotated the token all the same. */
const MAY_BE_LOST: ReadonlySet<ErrorCode> = new Set([
  "NETWORK_ERROR",
  "INVALID_RESPONSE",
  "UNAVAILABLE",
  "INTERNAL_ERROR",
]);
/** The first try and one more: with the default time-out both fall into the default grace period of ten seconds. */
const TRIES = 2;
/** Milliseconds before an access token expires in which it is renewed, at the most. */
const AHEAD = 30_000;

/** Keeps the access token fresh. Rejects with nothing but a `StorageFailure`. */
export interface Refresher {
  /** The stored session, renewed if its access token expires soon. */
  fresh(): Promise<Result<StoredSession>>;
  /**
   * A session in the place of one whose access token is no longer good: the stored one if another page has renewed it,
   * else a renewed one. However many calls wait, one request is under way.
   */
  renewed(session: StoredSession): Promise<Result<StoredSession>>;
}

/** @param timeout milliseconds after which an answer counts as lost */
export function createRefresher(storage: TokenStorage, vault: Vault, wire: Wire, timeout: number): Refresher {
  // Each client renews at another moment: pages that were opened together do not stay in step.
  const eagerness = 0.5 + Math.random() / 2;
  // A page that hangs in the middle of a refresh must not cost the others the grace period.
  const lock = { of: storage, name: storage.name, purpose: "refresh", patience: timeout + 1000 };
  let underWay: Promise<Result<StoredSession>> | undefined;

  function isFresh({ expires_at, expires_in }: StoredSession): boolean {
    const left = expires_at - Date.now();
    // More than it ever had: the clock has been put back.
    if (left > expires_in * 1000) return false;
    return left > Math.min(AHEAD, expires_in * 250) * eagerness;
  }

  async function renew(old: StoredSession): Promise<Result<StoredSession>> {
    for (let tried = 1; ; tried++) {
      const stored = await vault.read();
      if (stored === null) return notSignedIn();
      if (stored.access_token !== old.access_token && isFresh(stored)) return stored;
      const sentAt = Date.now();
      const answer = await wire.refresh(stored.refresh_token, timeout);
      if (!answer.error) {
        return (await vault.renew(stored.refresh_token, storedSession(answer, sentAt))) ?? notSignedIn();
      }
      const { code } = answer.error;
      if (ENDS_SESSION.has(code)) {
        const isOver = (await vault.drop(stored.refresh_token)) === null;
        if (isOver || tried === TRIES) return answer;
      } else {
        if (!MAY_BE_LOST.has(code) || tried === TRIES) return answer;
        // At once, for the grace period runs; but not in step with others.
        await pause(100 + Math.random() * 200);
      }
    }
  }

  const renewed: Refresher["renewed"] = async (session) => {
    if (underWay) {
      const answer = await underWay;
      // It may have begun before this access token was refused, and then brings the very same.
      if (answer.error || answer.access_token !== session.access_token) return answer;
    }
    underWay ??= exclusive(lock, () => renew(session)).finally(() => (underWay = undefined));
    return underWay;
  };

  return {
    renewed,
    fresh: async () => {
      const stored = await vault.read();
      if (stored === null) return notSignedIn();
      if (isFresh(stored)) return stored;
      const answer = await renewed(stored);
      const isOver = answer.error && (ENDS_SESSION.has(answer.error.code) || answer.error.code === "NOT_SIGNED_IN");
      // The service is away, but the access token is still good for a while.
      return answer.error && !isOver && Date.now() < stored.expires_at ? stored : answer;
    },
  };
}

export function notSignedIn() {
  return failure("NOT_SIGNED_IN", "Nobody is signed in");
}
