// Python and a side of ours on one database with one secret.

import { FRAMEWORKS, startPython } from "./python.mjs";

export const SECRET = "one-secret-for-both-sides-of-the-matrix";

/**
 * @param {object} side one of sides/
 * @param {"FastAPI" | "Flask" | "Django"} framework
 * @param {{ secret?: string, options?: object, names?: object, django?: object, tables?: string[] }} [configuration]
 *   options of ours; names of tables and columns, which both sides are given; settings of Django; statements that make
 *   tables of the application's own
 * @returns {Promise<{ python: object, ours: object, stop: () => Promise<void> }>} the application of python.mjs, and the side
 */
export async function startPair(side, framework, { secret = SECRET, options = {}, names = {}, ...others } = {}) {
  const ours = await side.start({ secret, options: { ...FRAMEWORKS[framework].options, ...options, ...names } });
  try {
    const python = await startPython(framework, { database: ours.database, secret, options: names, ...others });
    return {
      python,
      ours,
      stop: async () => {
        await python.stop();
        await ours.stop();
      },
    };
  } catch (error) {
    await ours.stop();
    throw error;
  }
}
