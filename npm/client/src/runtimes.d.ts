/** The engine's module, compiled, as workerd imports it. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

/** The engine's module, deflated, as base64: xtask makes it. */
declare module '*.deflate' {
  const base64: string;
  export default base64;
}

/** What is needed of Node. */
declare module 'node:fs/promises' {
  export function readFile(path: URL): Promise<Uint8Array<ArrayBuffer>>;
}

/** The engine as a script: a function that makes an instance of it. xtask makes it. */
declare module '*/script/engine.js' {
  const instantiate: () => import('./engine.js').EngineModule;
  export default instantiate;
}
