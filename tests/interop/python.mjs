// The genuine Python package, as an application serves it.

import { fileURLToPath } from "node:url";
import { withNames } from "../runtime/statements.mjs";
import { client } from "./client.mjs";
import { ROOT, start } from "./processes.mjs";

/** The Python of the environment that `cargo xtask test` makes. */
export const PYTHON = fileURLToPath(new URL("target/python/bin/python", ROOT));

/** The tables of the package's models for Django, as options of ours. */
export const DJANGO_TABLES = {
  user: { model_name: "auth101_user" },
  session: { model_name: "auth101_session" },
  account: { model_name: "auth101_account" },
  verification: { model_name: "auth101_verification" },
};

/** How each framework answers, as an option of ours; and the names of its tables. */
export const FRAMEWORKS = {
  FastAPI: { script: "fastapi_app.py", options: { response_style: "fastapi" } },
  Flask: { script: "flask_app.py", options: {} },
  Django: { script: "django_app.py", options: DJANGO_TABLES },
};

/**
 * Starts an application. It makes the tables that are missing, as the package does.
 *
 * @param {"FastAPI" | "Flask" | "Django"} framework
 * @param {{ database: string, secret: string, options?: object, django?: object, tables?: string[] }} configuration
 *   what python/serving.py takes
 * @returns a client (client.mjs) with `me(token)`, `sql(statement, values)` with names as
 *   in `{users.email}`, `bcrypt(password, settings)` and `argon2(password, settings)` for a hash, and `stop()`
 */
export async function startPython(framework, configuration) {
  const { script, options: names } = FRAMEWORKS[framework];
  const file = fileURLToPath(new URL(`python/${script}`, import.meta.url));
  const { first, ask, stop } = await start(PYTHON, [file, JSON.stringify(configuration)]);
  const routes = client(`http://127.0.0.1:${first.port}`);
  const { user_field_mapping: own, ...options } = { ...names, ...configuration.options };
  const entities = own ? { ...options, user: { ...own, model_name: own.table_name } } : options;
  const question = async (content) => {
    const { answer, error } = await ask(content);
    if (error) throw new Error(error);
    return answer;
  };
  return {
    ...routes,
    me: (token) => routes.ask("/me", token),
    ...(framework === "Django" && { seenByMiddleware: (token) => routes.ask("/seen-by-middleware", token) }),
    sql: (statement, values = []) => {
      let index = 0;
      const sql = withNames(statement, entities).replaceAll("?", () => `:v${index++}`);
      return question({ sql, values: Object.fromEntries(values.map((value, at) => [`v${at}`, value])) });
    },
    bcrypt: (password, settings) => question({ password, scheme: "bcrypt", settings }),
    argon2: (password, settings) => question({ password, scheme: "argon2", settings }),
    stop,
  };
}
