// Pages for the client: each runs its own copy of it, in globals of its own, as the tabs of a browser do.

import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const CLIENT = fileURLToPath(new URL("../../../js/src/client/index.ts", import.meta.url));

/**
 * The source of the client as one script.
 *
 * @param {Record<string, [string, string]>} [mutations] by the name of a file: a text that occurs in it once, and what
 * stands there instead
 * @returns {Promise<string>}
 */
export async function clientScript(mutations = {}) {
  const pending = new Set(Object.keys(mutations));
  const mutate = {
    name: "mutate",
    setup: ({ onLoad }) =>
      onLoad({ filter: /\/client\/\w+\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const [from, to] = mutations[basename(path)] ?? ["", ""];
        if (from !== "" && source.split(from).length !== 2) throw new Error(`${path} does not contain once: ${from}`);
        pending.delete(basename(path));
        return { contents: from === "" ? source : source.replace(from, () => to), loader: "ts" };
      }),
  };
  const { outputFiles } = await build({
    entryPoints: [CLIENT],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "client",
    plugins: [mutate],
    logLevel: "silent",
  });
  if (pending.size > 0) throw new Error(`no such file: ${[...pending]}`);
  return outputFiles[0].text;
}

/**
 * Runs the script in a page.
 *
 * @param {string} script
 * @param {Record<string, unknown>} globals what the page has besides the globals of Node, or in their place
 * @returns {typeof import("../../../js/src/client/index.ts")}
 */
export function openPage(script, globals) {
  // Node has some of a browser's globals in some versions: a page has what it was given.
  const scope = { navigator: {}, document: undefined, location: undefined, ...globals };
  scope.globalThis = scope;
  return new Function(...Object.keys(scope), `${script}; return client;`)(...Object.values(scope));
}

/** A `localStorage` that pages share. Each gets a view of its own, and hears what the others change. */
export class SharedStorage {
  #items = new Map();
  #pages = [];

  /** What one page has: `localStorage` and the event listeners. */
  view() {
    const events = new EventTarget();
    const change = (key, value) => {
      if (value === null) this.#items.delete(key);
      else this.#items.set(key, String(value));
      for (const page of this.#pages) if (page.localStorage !== localStorage) page.tell(key);
    };
    const localStorage = {
      getItem: (key) => this.#items.get(key) ?? null,
      setItem: (key, value) => change(key, value),
      removeItem: (key) => change(key, null),
    };
    const tell = (key) =>
      queueMicrotask(() => events.dispatchEvent(Object.assign(new Event("storage"), { key, storageArea: localStorage })));
    const page = {
      localStorage,
      tell,
      addEventListener: events.addEventListener.bind(events),
      removeEventListener: events.removeEventListener.bind(events),
    };
    this.#pages.push(page);
    return page;
  }
}

/** `navigator.locks` that pages share, as far as the client uses it. */
export class SharedLocks {
  #queues = new Map();

  async request(name, { signal }, action) {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    const turn = {};
    queue.push(turn);
    const leave = () => {
      queue.splice(queue.indexOf(turn), 1);
      queue[0]?.begin();
    };
    await new Promise((resolve, reject) => {
      turn.begin = resolve;
      if (queue[0] === turn) resolve();
      signal.addEventListener("abort", () => queue[0] !== turn && (leave(), reject(signal.reason)));
    });
    try {
      return await action();
    } finally {
      leave();
    }
  }
}

/** A token as the client sees one: it reads the claims and cannot verify the rest. */
export function token(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}.${part("signature")}`;
}
