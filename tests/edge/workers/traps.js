// A request with `test-trap: N` traps the module when it reads the time for the N-th time, in the worker or in the hub. A request with
// `test-dive` is sent where the stack is used up, and again from each call further up, until it is answered.
import Edge, { FlagHub } from 'index.js';

let left = 0,
  traps = 0;
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) {
    super(...given);
    if (given.length > 0 || left === 0 || --left > 0) return;
    traps += 1;
    // An exception in a function that the module imports stops the module as a trap does.
    throw new WebAssembly.RuntimeError('a trap of the test');
  }
};

/** Calls `call` where the stack is used up, and again further up as long as the stack overflows. */
function dive(call) {
  try {
    return dive(call);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    traps += 1;
    return call();
  }
}

export { FlagHub };
export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === '/test/traps') return Response.json(traps);
    left = Number(request.headers.get('test-trap') ?? 0);
    const call = () => Edge.fetch(request, env, context);
    return request.headers.has('test-dive') ? dive(call) : call();
  },
};
