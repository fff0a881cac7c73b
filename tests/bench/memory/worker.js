// The unchanged worker, of which `GET /test/memory` collects garbage and answers the bytes of its module's memory, which never shrinks: that of the hub, the
// reader and the isolate together, since on workerd they share one module.
import { memories } from 'before.js';
import Edge, { FlagHub, FlagReader } from 'index.js';

export { FlagHub, FlagReader };
export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname !== '/test/memory') return Edge.fetch(request, env, context);
    globalThis.gc();
    return Response.json({ wasm: memories.reduce((bytes, memory) => bytes + memory.buffer.byteLength, 0) });
  },
};
