// The module workerd loads: the worker's exports, each behind a guard that gives a trapped instance a fresh start.
import { WorkerEntrypoint } from "cloudflare:workers";
import * as glue from "glue";

const health = glue.__worker_init_state();

// After a trap the memory of the instance cannot be trusted: the next call gets a new one.
function noticeTrap(error) {
  if (error instanceof WebAssembly.RuntimeError) health.criticalError = true;
  throw error;
}

function guarded(call) {
  if (health.criticalError) {
    glue.__wbg_reset_state();
    health.criticalError = false;
    health.instanceId++;
  }
  try {
    const result = call();
    return typeof result?.then === "function" ? result.catch(noticeTrap) : result;
  } catch (error) {
    return noticeTrap(error);
  }
}

// A durable object outlives the instance its Rust half lives in; after a reset the half is made anew from the same state.
function durable(Half) {
  class Durable {
    #made;
    #in;
    constructor(state, env) {
      this.remake = () => guarded(() => { this.#made = new Half(state, env); this.#in = health.instanceId; });
      this.remake();
    }
    half() {
      if (this.#in !== health.instanceId) this.remake();
      return this.#made;
    }
  }
  for (const name of ["fetch", "alarm", "webSocketMessage", "webSocketClose", "webSocketError"]) {
    if (name in Half.prototype) {
      Durable.prototype[name] = function (...given) { return guarded(() => this.half()[name](...given)); };
    }
  }
  return Durable;
}

export const FlagHub = durable(glue.FlagHub);

export default class extends WorkerEntrypoint {
  fetch(request) {
    return guarded(() => glue.fetch.call(this, request, this.env, this.ctx));
  }
}
