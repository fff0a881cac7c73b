/** The engine's module, deflated, as base64: a file of its own, so that it can be the first one that a page's script is made of. */
export { default } from '../../dist/packed/engine.deflate';
