export { initSync } from '../../../npm/client/dist/engine/engine.js';
export { createEngine } from '../../../npm/client/src/engine.js';
