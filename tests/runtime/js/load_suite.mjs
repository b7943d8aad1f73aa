// The suites, on runtimes that read files.

import { readFileSync } from "node:fs";
import * as module from "../../../build/js-suite/suite.js";
import { runSuite } from "./suite.mjs";

module.initSync({ module: readFileSync(new URL("../../../build/js-suite/suite_bg.wasm", import.meta.url)) });

/** {@link runSuite} with the module. */
export const runClaims = (name, database, except) => runSuite(module, name, database, except);

/**
 * What `node:sqlite` and libsql do not keep: they store and compare a text with a NUL as it is, but read it up to
 * there. No text that the service reads back has one.
 */
export const READS_UP_TO_NUL = "text_goes_on_after_a_nul";
