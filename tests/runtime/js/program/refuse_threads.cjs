// Loaded first, as monitoring agents are: fails in whatever thread it is loaded.

if (!require("node:worker_threads").isMainThread) throw new Error("not in a thread");
