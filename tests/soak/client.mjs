// A client that uses its account over and over, as an honest one does: it keeps what it was given, and tries again what failed.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a client waits for an answer, in milliseconds. */
const PATIENCE = 4_000;
/** Between two calls. */
const PAUSE = 20;
/** After one that failed. */
const PAUSE_AFTER_FAILURE = 100;

/** A call as it went: when it began and ended, and the status, 0 where no answer came. */
export class Client {
  /** @type {{ began: number, ended: number, status: number }[]} */
  calls = [];
  /** What must never happen, in words. */
  broken = [];
  /** The sessions that were ended, as the service acknowledged. */
  ended = [];
  /** Whether no call is made. */
  isPaused = false;
  tokens;

  constructor(url, email) {
    this.url = url;
    this.credentials = { email, password: "correct horse battery" };
  }

  async run(isOver) {
    while (!isOver()) {
      if (this.isPaused) await sleep(PAUSE);
      else await sleep((await this.step()) ? PAUSE : PAUSE_AFTER_FAILURE);
    }
  }

  async step() {
    if (this.tokens === undefined) return this.enter();
    const chance = Math.random();
    if (chance < 0.5) return this.ask();
    if (chance < 0.95) return this.refresh();
    return this.leave();
  }

  /** Signs up first, and signs in from then on, also where it does not know whether the sign-up got through. */
  async enter() {
    const path = this.isKnown ? "/sign-in/email" : "/sign-up/email";
    const { status, body } = await this.call("POST", path, this.credentials);
    if (status === 201 || status === 200) {
      this.isKnown = true;
      this.tokens = body;
      return true;
    }
    if (status === 400 && body.error.code === "USER_EXISTS" && !this.isKnown) return (this.isKnown = true);
    return this.failed(status, body, path);
  }

  async ask() {
    const { status, body } = await this.call("GET", "/session", undefined, this.tokens.access_token);
    if (status === 200) return true;
    return this.failed(status, body, "/session");
  }

  /** One whose answer was lost is made again with the same token. */
  async refresh() {
    const { status, body } = await this.call("POST", "/refresh", { refresh_token: this.tokens.refresh_token });
    if (status === 200) this.tokens = body;
    return status === 200 || this.failed(status, body, "/refresh");
  }

  /** Made again until it is acknowledged: signing out succeeds twice. */
  async leave() {
    const { access_token } = this.tokens;
    const { status, body } = await this.call("POST", "/sign-out", undefined, access_token);
    if (status !== 200) return this.failed(status, body, "/sign-out") || this.leave();
    this.ended.push(JSON.parse(Buffer.from(access_token.split(".")[1], "base64url").toString()).sid);
    this.tokens = undefined;
    return true;
  }

  /** An outage is told as one. Anything else is a refusal that an honest client must not hear. */
  failed(status, body, path) {
    if (status !== 0 && status !== 503 && status !== 500) this.broken.push(`${path}: ${status} ${body?.error?.code}`);
    return false;
  }

  async call(method, path, body, token) {
    const began = performance.now();
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    let answer = { status: 0 };
    try {
      const init = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) };
      const response = await fetch(`${this.url}/auth${path}`, init);
      answer = { status: response.status, body: await response.json() };
    } catch {
      // No answer in time, or none at all.
    }
    this.calls.push({ began, ended: performance.now(), status: answer.status });
    return answer;
  }
}
