// A world in one process, in which time passes only when nothing else happens: pages, a network between them and the
// service, and everything that goes wrong there, all drawn from a seed.

import { openPage, SharedLocks, SharedStorage } from "./page.mjs";

/** Milliseconds since 1970 at which every world begins. */
const BEGINNING = 1_700_000_000_000;

export class World {
  now = BEGINNING;
  #events = [];
  #sequence = 0;
  #storage = new SharedStorage();
  #locks = new SharedLocks();

  /**
   * @param {() => number} random between 0 and 1
   * @param {(request: Request) => Promise<Response>} service
   */
  constructor(random, service) {
    this.random = random;
    this.service = service;
  }

  between(from, to) {
    return from + this.random() * (to - from);
  }

  chance(probability) {
    return this.random() < probability;
  }

  /** Runs an action later, in a page if one is given: a page that is frozen then gets it when it thaws. */
  after(milliseconds, action, page) {
    const event = { time: this.now + Math.max(0, milliseconds), sequence: this.#sequence++, action, page };
    this.#events.push(event);
    return event;
  }

  forget(event) {
    const index = this.#events.indexOf(event);
    if (index >= 0) this.#events.splice(index, 1);
  }

  /** Lets the world run until nothing is left to happen. */
  async run() {
    for (;;) {
      await idle();
      if (this.#events.length === 0) return;
      this.#events.sort((a, b) => a.time - b.time || a.sequence - b.sequence);
      const event = this.#events.shift();
      this.now = Math.max(this.now, event.time);
      if (event.page && event.page.frozenUntil > this.now) {
        event.time = event.page.frozenUntil;
        this.#events.push(event);
      } else {
        event.action();
      }
    }
  }

  /**
   * Opens a page with the client in it. While it is to lose refreshes, it loses the answer to every other one; while it
   * is frozen, nothing reaches it.
   */
  openPage(script, baseUrl, { hasLocks }) {
    const page = { frozenUntil: 0, losesRefresh: false, hasLostRefresh: false };
    const view = this.#storage.view();
    const later = (milliseconds) => new Promise((resolve) => this.after(milliseconds, resolve, page));
    // The lock is given to a frozen page too, which then has it and does nothing.
    const locks = {
      request: (name, options, action) => this.#locks.request(name, options, () => later(0).then(action)),
    };
    const module = openPage(script, {
      ...view,
      Date: { now: () => Math.floor(this.now) },
      Math: Object.assign(Object.create(Math), { random: this.random }),
      setTimeout: (action, milliseconds) => this.after(milliseconds, action, page),
      clearTimeout: (event) => this.forget(event),
      fetch: (url, init) => this.#send(page, url, init),
      navigator: hasLocks ? { locks } : {},
    });
    page.storage = module.webStorage(view.localStorage);
    page.auth = module.createClient({ baseUrl, storage: page.storage });
    return page;
  }

  #send(page, url, { signal, ...init }) {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      this.after(this.between(0, 1000), async () => {
        const response = await this.service(new Request(url, init));
        if (url.endsWith("/refresh")) {
          page.hasLostRefresh = page.losesRefresh && !page.hasLostRefresh;
          if (page.hasLostRefresh) return;
        }
        this.after(this.between(0, 1000), () => resolve(response), page);
      });
    });
  }
}

/** Lets everything run that waits for nothing. */
async function idle() {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Numbers between 0 and 1 that follow from a seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
