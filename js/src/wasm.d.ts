/** A compiled module, where a runtime imports one. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
