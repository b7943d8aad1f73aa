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

/** A job that was not taken, or not begun in time, since too many others waited. */
export interface Overload {
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number;
}

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

/**
 * How long a job may wait for a thread, in milliseconds, or as long as two jobs take where that is longer. Whoever would wait
 * for longer is told at once, and whoever has waited for longer is not served: work that nobody waits for any more would take
 * the threads from those who do.
 */
const WAITING_TIME = 5_000;

/** The part of that time for which jobs are taken. The rest is for those that take longer than expected. */
const TAKEN = 0.8;

/** How long a thread may take to start, and for one job, in milliseconds. */
const WORKING_TIME = 30_000;

/** What a job is expected to take before the first one was done, in milliseconds. */
const EXPECTED_TIME = 50;

/** The part of a new measurement in the mean: that of the last eight or so. */
const WEIGHT = 1 / 8;

/** What fails is answered as an outage. */
const FAILED = undefined;

interface Waiting {
  readonly job: Job;
  /** When it is too late to begin. */
  readonly until: number;
  readonly timer: ReturnType<typeof setTimeout>;
  readonly settle: (outcome: Outcome | Overload | "start failed") => void;
}

/** A job in a thread. */
interface Working {
  readonly since: number;
  /** Ends the thread that hangs over it. */
  readonly timer: ReturnType<typeof setTimeout>;
  readonly settle: (outcome: Outcome) => void;
}

interface Member {
  thread: Thread | undefined;
  isReady: boolean;
  /** Ends the start of one that does not become ready. */
  starting: ReturnType<typeof setTimeout> | undefined;
  work: Working | undefined;
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
  /** How long a job takes in a thread, in milliseconds. */
  #mean: number | undefined;

  constructor(size: number, start: (listener: Listener) => Thread) {
    this.#size = size;
    this.#start = start;
  }

  /**
   * Does a job in a thread. Where this runtime starts none, for want of permission for example, it is done by `inPlace`, as
   * all later ones are, and `report` is told once. Gives nothing where the thread died under this one or does not answer,
   * where no thread can be started any more, and after the end. The job is wiped.
   */
  async run(
    job: Job,
    inPlace: (job: Job) => Outcome,
    report: (fault: FaultEvent) => void,
  ): Promise<Outcome | Overload> {
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
    this.#refuse(FAILED);
    await Promise.all(Array.from(this.#members, ({ thread }) => thread?.end()));
  }

  async #inThread(job: Job): Promise<Outcome | Overload | "start failed"> {
    const patience = Math.max(WAITING_TIME, 2 * this.#expected);
    if (this.#wait > TAKEN * patience) return this.#overload();
    return new Promise((settle) => {
      const waiting: Waiting = {
        job,
        until: performance.now() + patience,
        timer: setTimeout(() => this.#giveUp(waiting), patience),
        settle,
      };
      this.#waiting.push(waiting);
      this.#dispatch();
    });
  }

  /** How long a job is expected to take. */
  get #expected(): number {
    return this.#mean ?? EXPECTED_TIME;
  }

  /** How long a job that came now would wait, in milliseconds. */
  get #wait(): number {
    const working = Array.from(this.#members).filter(({ work }) => work !== undefined).length;
    const before = this.#waiting.length + working - this.#size + 1;
    return (Math.max(0, before) / this.#size) * this.#expected;
  }

  #overload(): Overload {
    return { retryAfter: Math.max(1, Math.ceil(this.#wait / 1_000)) };
  }

  #giveUp(late: Waiting): void {
    const place = this.#waiting.indexOf(late);
    if (place >= 0) this.#waiting.splice(place, 1);
    late.settle(this.#overload());
  }

  /** Settles all that wait. */
  #refuse(outcome: Outcome | "start failed"): void {
    for (const { timer, settle } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      settle(outcome);
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
    const next = this.#next();
    member.thread?.hold(next !== undefined);
    if (next === undefined) return;
    const timer = setTimeout(() => this.#end(member), WORKING_TIME);
    member.work = { since: performance.now(), timer, settle: next.settle };
    member.thread?.send(next.job);
  }

  /** The next job that is not too late: timers are, while something else keeps the event loop busy. */
  #next(): Waiting | undefined {
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined) return undefined;
      clearTimeout(next.timer);
      if (performance.now() <= next.until) return next;
      next.settle(this.#overload());
    }
  }

  #add(): void {
    const member: Member = { thread: undefined, isReady: false, starting: undefined, work: undefined };
    this.#members.add(member);
    member.starting = setTimeout(() => this.#end(member), WORKING_TIME);
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
          if (!this.#members.has(member)) return;
          if (member.work !== undefined) this.#measure(performance.now() - member.work.since);
          this.#settle(member, outcome);
          this.#hand(member);
        },
        ended: () => this.#lose(member),
      });
    } catch {
      this.#lose(member);
    }
  }

  /** Ends the work of a thread. */
  #settle(member: Member, outcome: Outcome): void {
    const { work } = member;
    if (work === undefined) return;
    member.work = undefined;
    clearTimeout(work.timer);
    work.settle(outcome);
  }

  /** Learns what a job takes. */
  #measure(took: number): void {
    this.#mean = this.#mean === undefined ? took : this.#mean + WEIGHT * (took - this.#mean);
  }

  /** Ends a thread that hangs. Whether it can be ended or not, it is none of ours any more. */
  #end(member: Member): void {
    void member.thread?.end();
    this.#lose(member);
  }

  #lose(member: Member): void {
    if (!this.#members.delete(member)) return;
    clearTimeout(member.starting);
    this.#settle(member, FAILED);
    if (this.#state !== "open") return;
    // Another takes its place, if there is work.
    if (member.isReady) return this.#dispatch();
    // It did not start, and the next would not either: what waits is left to those that run. Where none does, it fails.
    if (this.#members.size > 0) return;
    if (!this.#hasStarted) this.#state = "unusable";
    this.#refuse("start failed");
  }
}
