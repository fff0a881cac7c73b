// Requests with `test-trap: N` trap the module at the N-th time from then on that it asks for the time, wherever that is: in the worker or
// in the hub. Those with `test-dive` are asked from the bottom of the stack, again and again on the way up, until there is an answer.
import Edge, { FlagHub } from 'index.js';

let left = 0, traps = 0;
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) {
    super(...given);
    if (given.length > 0 || left === 0 || --left > 0) return;
    traps += 1;
    // An exception that the module does not expect leaves it where it was, like any trap.
    throw new WebAssembly.RuntimeError('a trap of the test');
  }
};

/** Calls at the bottom of the stack. */
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
