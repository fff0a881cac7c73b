/** The engine as a script, for runtimes that have no WebAssembly or refuse it: a file of its own, which no other page loads. */
export { default } from '../../dist/script/engine.js';
