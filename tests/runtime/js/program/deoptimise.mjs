// Each call into WebAssembly is optimised, and loses its optimisation while the module is at work: the moment that V8
// chooses by itself now and then. Run with `--allow-natives-syntax`; prints how often that happened at which call.

const { Auth101 } = await import("../../../../js/dist/esm/entry/server.js");
const { sqlite } = await import("../../../../js/dist/esm/driver/sqlite.js");
const { Task } = await import("../../../../js/dist/esm/wasm/auth101.js");

const ADA = { email: "ada@example.com", password: "correct horse" };

/** What calls into the module: V8 makes the call into WebAssembly part of the optimised function. */
const calls = new Map(["start", "answerBatch", "answerHash"].map((name) => [name, Task.prototype[name]]));
for (const call of calls.values()) %PrepareFunctionForOptimization(call);

const times = Object.fromEntries([...calls.keys()].map((name) => [name, 0]));
let deoptimises = false;
Error.stackTraceLimit = 100;
/** What the module calls in the middle of its work. */
const deoptimise = () => {
  if (!deoptimises) return;
  const trace = new Error().stack;
  for (const [name, call] of calls) {
    if (!trace.includes(`Task.${name} `)) continue;
    times[name] += 1;
    %DeoptimizeFunction(call);
  }
};
const { crypto } = globalThis;
const getRandomValues = crypto.getRandomValues.bind(crypto);
crypto.getRandomValues = (bytes) => {
  deoptimise();
  return getRandomValues(bytes);
};
for (const hashWorkers of [0, 1]) {
  const auth = new Auth101({
    secret: "a-secret-of-the-tests-with-more-than-32-bytes",
    database: sqlite(":memory:"),
    hashWorkers,
    argon2Memory: 8,
    argon2Iterations: 1,
    argon2Parallelism: 1,
    allowWeakArgon2: true,
    passwordBlocklist: () => (deoptimise(), false),
  });
  await auth.signUp(ADA);
  for (let round = 0; round < 30; round += 1) {
    await auth.getSession("not a token");
    await auth.signIn(ADA);
  }
  for (const call of calls.values()) %OptimizeFunctionOnNextCall(call);
  await auth.getSession("not a token");
  await auth.signIn(ADA);
  deoptimises = true;
  for (let round = 0; round < 5; round += 1) {
    const { error, user } = await auth.signIn(ADA);
    if (error || user.email !== ADA.email) throw new Error(`the sign-in of round ${round} failed`);
    const answer = await auth.signUp({ ...ADA, email: `ada-${hashWorkers}-${round}@example.com` });
    if (answer.error) throw new Error(answer.error.message);
  }
  deoptimises = false;
  await auth.close();
}
console.log(JSON.stringify(times));
