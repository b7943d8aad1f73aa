/**
 * Threads that hash passwords, so that the one that answers requests stays free.
 *
 * @module
 */

import type { FaultEvent } from "../event.js";

/** A job in bytes. Whoever takes it over wipes it: it holds a password. */
export type Job = Uint8Array;

/** The outcome of a job; nothing where it could not be done. */
export type Outcome = Uint8Array | undefined;

/** A thread, as a runtime gives it. */
export interface Thread {
  /** Hands the job over: its bytes are gone from this side. */
  send(job: Job): void;
  /** Lets the process end while the thread waits, or keeps it alive while the thread works. */
  hold(isWorking: boolean): void;
  /** Ends it. */
  end(): Promise<unknown>;
}

/** What a thread tells. */
export interface Listener {
  /** It has started. */
  ready(): void;
  /** It has done its job. */
  done(outcome: Outcome): void;
  /** It has ended, by itself or because it was told to. */
  ended(): void;
}

/** How many jobs may wait for each thread. A default hash takes some 25 ms: whoever waits longer has gone. */
const WAITING_FOR_EACH = 64;

/** How long a thread may take to start, and a job from its arrival to its outcome, in milliseconds. */
const PATIENCE = 30_000;

/** What fails is answered as an outage. */
const FAILED = undefined;

interface Waiting {
  readonly job: Job;
  readonly settle: (outcome: Outcome | "start failed") => void;
}

interface Member {
  thread: Thread | undefined;
  isReady: boolean;
  /** Ends the start of one that does not become ready. */
  starting: ReturnType<typeof setTimeout> | undefined;
  work: Waiting | undefined;
}

/** A pool of threads. They start one by one, when there is more work than those that run can take. */
export class HashPool {
  readonly #size: number;
  readonly #start: (listener: Listener) => Thread;
  readonly #members = new Set<Member>();
  readonly #waiting: Waiting[] = [];
  #state: "open" | "unusable" | "closed" = "open";
  /** Whether a thread has ever become ready: then one that does not start is an accident and no rule. */
  #hasStarted = false;
  #isTold = false;

  constructor(size: number, start: (listener: Listener) => Thread) {
    this.#size = size;
    this.#start = start;
  }

  /**
   * Does a job in a thread. Where this runtime starts none, for want of permission for example, it is done by `inPlace`, as
   * all later ones are, and `report` is told once. Gives nothing where too many jobs wait, where the thread died under
   * this one or does not answer, where no thread can be started any more, and after the end. The job is wiped.
   */
  async run(job: Job, inPlace: (job: Job) => Outcome, report: (fault: FaultEvent) => void): Promise<Outcome> {
    try {
      if (this.#state === "open") {
        const outcome = await this.#inThread(job);
        if (outcome !== "start failed") return outcome;
      }
      if (this.#state !== "unusable") return FAILED;
      if (!this.#isTold) {
        this.#isTold = true;
        report({
          event: "fault",
          fault: "hash_failed",
          subject: "hashWorkers",
          problem: "no thread can be started here: passwords are hashed on the calling thread",
        });
      }
      return inPlace(job);
    } finally {
      // One that a thread took over has no bytes left here, and refuses this.
      if (job.length > 0) job.fill(0);
    }
  }

  /** Ends the threads. Jobs in progress fail. */
  async close(): Promise<void> {
    this.#state = "closed";
    for (const { settle } of this.#waiting.splice(0)) settle(FAILED);
    await Promise.all(Array.from(this.#members, ({ thread }) => thread?.end()));
  }

  async #inThread(job: Job): Promise<Outcome | "start failed"> {
    if (this.#waiting.length >= this.#size * WAITING_FOR_EACH) return FAILED;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise((settle) => {
        const waiting: Waiting = { job, settle };
        timer = setTimeout(() => this.#giveUp(waiting), PATIENCE);
        this.#waiting.push(waiting);
        this.#dispatch();
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Fails a job that took too long, together with the thread that hangs over it. */
  #giveUp(late: Waiting): void {
    const place = this.#waiting.indexOf(late);
    if (place >= 0) this.#waiting.splice(place, 1);
    late.settle(FAILED);
    for (const member of this.#members) {
      if (member.work === late) this.#end(member);
    }
  }

  /** Hands out what waits, and starts a thread where none is free. */
  #dispatch(): void {
    for (const member of this.#members) {
      if (member.isReady && member.work === undefined) this.#hand(member);
    }
    const starting = Array.from(this.#members).filter(({ isReady }) => !isReady).length;
    if (this.#waiting.length > starting && this.#members.size < this.#size && this.#state === "open") this.#add();
  }

  #hand(member: Member): void {
    const next = this.#waiting.shift();
    member.thread?.hold(next !== undefined);
    if (next === undefined) return;
    member.work = next;
    member.thread?.send(next.job);
  }

  #add(): void {
    const member: Member = { thread: undefined, isReady: false, starting: undefined, work: undefined };
    this.#members.add(member);
    member.starting = setTimeout(() => this.#end(member), PATIENCE);
    try {
      member.thread = this.#start({
        ready: () => {
          // It may have been given up meanwhile.
          if (!this.#members.has(member)) return;
          clearTimeout(member.starting);
          member.isReady = true;
          this.#hasStarted = true;
          this.#hand(member);
        },
        done: (outcome) => {
          const { work } = member;
          if (!this.#members.has(member)) return;
          member.work = undefined;
          work?.settle(outcome);
          this.#hand(member);
        },
        ended: () => this.#lose(member),
      });
    } catch {
      this.#lose(member);
    }
  }

  /** Ends a thread that hangs. Whether it can be ended or not, it is none of ours any more. */
  #end(member: Member): void {
    void member.thread?.end();
    this.#lose(member);
  }

  #lose(member: Member): void {
    if (!this.#members.delete(member)) return;
    clearTimeout(member.starting);
    member.work?.settle(FAILED);
    if (this.#state !== "open") return;
    // Another takes its place, if there is work.
    if (member.isReady) return this.#dispatch();
    // It did not start, and the next would not either: what waits is left to those that run. Where none does, it fails.
    if (this.#members.size > 0) return;
    if (!this.#hasStarted) this.#state = "unusable";
    for (const { settle } of this.#waiting.splice(0)) settle("start failed");
  }
}
