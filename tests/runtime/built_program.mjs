// Where `cargo build` puts what it makes.

import { fileURLToPath, pathToFileURL } from "node:url";

const { CARGO_TARGET_DIR } = process.env;
const TARGET = CARGO_TARGET_DIR ? pathToFileURL(`${CARGO_TARGET_DIR}/`) : new URL("../../target/", import.meta.url);

/** The path of a program of the workspace, which `cargo build` has made. */
export function builtProgram(name) {
  return fileURLToPath(new URL(`debug/${name}`, TARGET));
}
