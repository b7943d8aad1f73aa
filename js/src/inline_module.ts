/**
 * The module out of the text in this package: nothing is read from a disk or a network, so it needs no permission, and
 * survives every bundler.
 *
 * @module
 */

import { base64 } from "./wasm/inline.js";

/** What decodes quickly, where there is one: the newer standard, or Node's own. */
interface Decoders {
  readonly Uint8Array: { fromBase64?(text: string): Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> };
}

/** The compiled module. */
export function inlineModule(): WebAssembly.Module {
  const { Uint8Array: bytes, Buffer: buffer } = globalThis as unknown as Decoders;
  return new WebAssembly.Module(bytes.fromBase64?.(base64) ?? buffer?.from(base64, "base64") ?? decode(base64));
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
