import type { Tokens } from "../types.js";
import { claimsOf } from "./token.js";

/**
 * Whether the answer to a refresh takes the place of what is stored.
 *
 * Several pages share one storage, and answers arrive in any order. If the slower one overwrote the faster one blindly,
 * an older token would stand in the storage, and the next refresh would look like theft. So an answer is stored only if
 * the token that was sent is still there, or if the answer is of the same session and was made later.
 *
 * @param stored what the storage holds now; nothing after a sign-out, and then nothing is stored
 * @param sent the refresh token that was sent
 * @param answer what came back
 */
export function supersedes(stored: Tokens | null, sent: string, answer: Tokens): boolean {
  if (stored === null) return false;
  if (stored.refresh_token === sent) return true;
  const [held, came] = [claimsOf(stored.refresh_token), claimsOf(answer.refresh_token)];
  const isSameSession = held.sub === came.sub && held.sid === came.sid;
  return isSameSession && typeof held.iat === "number" && typeof came.iat === "number" && came.iat > held.iat;
}
