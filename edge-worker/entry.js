// The module that the runtime loads. Its exports call the Rust module through wasm-bindgen's glue, and make a new instance after a trap.
import * as glue from 'glue';

import { eventStream } from './event-stream.js';

/** The most bytes of a request's parts, and of its body, on the fast way. `src/fast.rs` has the same numbers. */
const PARTS = 16_384,
  BODY = 256_000;
/** The most remembered addresses, the most remembered shared heads, and the longest remembered address. */
const PATHS = 1_000,
  HEADS = 64,
  LONGEST = 300;

// After a trap the instance's memory cannot be trusted. The glue calls `trapped` during the trap: before any other code runs, a new
// instance takes its place, and calls through objects of the old one are refused. `instanceId` counts instances.
const health = glue.__worker_init_state();
health.trapped = renew;
health.eventStream = eventStream;

/** True while no instance is ready: a new one cannot be made as long as the stack is used up. */
let isBroken = false;
function renew() {
  console.error('{"event":"trapped"}');
  isBroken = true;
  glue.__wbg_reset_state();
  isBroken = false;
}

/** Makes sure that the instance can be called, and returns its id. An instance that used up the stack could not report its trap. */
function alive() {
  if (isBroken) renew();
  try {
    glue.fast_alive();
  } catch {
    renew();
  }
  return health.instanceId;
}

// A durable object outlives the instance that holds its Rust half. After a trap, the next call makes a new half from the same state.
function durable(Half) {
  class Durable {
    #make;
    #made;
    #in;
    constructor(state, env) {
      this.#make = () => new Half(state, env);
      this.half();
    }
    half() {
      const instance = alive();
      if (this.#in !== instance) {
        this.#made = this.#make();
        this.#in = instance;
      }
      return this.#made;
    }
  }
  for (const name of ['fetch', 'alarm', 'webSocketMessage', 'webSocketClose', 'webSocketError']) {
    if (name in Half.prototype)
      Durable.prototype[name] = function (...given) {
        return this.half()[name](...given);
      };
  }
  return Durable;
}

export const FlagHub = durable(glue.FlagHub);
export const FlagReader = durable(glue.FlagReader);
export const FlagTally = durable(glue.FlagTally);
export const FlagRelay = durable(glue.FlagRelay);

const encoder = new TextEncoder(),
  decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const NO_BODY = new Uint8Array();
/** The bits of a kind, before those of its headers, of which there are `KIND_BITS`; see `fast_kind`. */
const HAS_BODY = 2,
  COUNTS_ADDRESS = 4,
  KIND_BITS = 3;
/** The bits of an answer; see `fast_answer`. */
const HAS_OWN = 1,
  ANSWERED = 2,
  IS_TEXT = 4,
  MAY_REPEAT = 8;
/** The id of the instance that the state below belongs to. */
let instance;
/** The names of the headers that the module may read; undefined if every request takes the long way. */
let names;
/** The header in which the deployment's own proxy names the client's address; empty if there is none. */
let proxy;
let memory, whole, input, output, repeats;
/** The kinds of requests by their address without a query, of each method; and the number of all. */
const kinds = new Map();
let paths = 0;
/** By their number, a response without a body for each shared head: to construct one from it is quicker than from a status and headers. */
const heads = new Map();

/** Prepares the instance. Returns true if requests may take the fast way. */
function ready(env) {
  if (instance !== alive()) {
    const listed = glue.fast_start(env);
    names = listed === '' ? undefined : listed.split(',');
    proxy = names?.pop();
    memory = glue.fast_memory();
    input = output = undefined;
    kinds.clear();
    paths = 0;
    heads.clear();
    instance = health.instanceId;
  }
  return names !== undefined;
}

/** Makes the views on the module's memory anew if the memory has grown, which replaces its buffer. */
function view() {
  if (input?.buffer === memory.buffer) return;
  whole = new Uint8Array(memory.buffer);
  input = new Uint8Array(memory.buffer, glue.fast_input(), PARTS + BODY);
  output = new Uint32Array(memory.buffer, glue.fast_output(), 4);
  repeats = new Uint32Array(memory.buffer, glue.fast_repeats(), 2);
}

/** The kind of the requests with a method and an address: the bits of `fast_kind`, and the names of the headers to read. */
function kindOf(method, url) {
  let known = kinds.get(method);
  if (known === undefined) kinds.set(method, (known = new Map()));
  const query = url.indexOf('?'),
    address = query < 0 ? url : url.slice(0, query);
  let kind = known.get(address);
  if (kind === undefined) {
    const bits = glue.fast_kind(method, address.slice(address.indexOf('/', 8)));
    kind = { bits, read: names.filter((_, place) => (bits >> (place + KIND_BITS)) & 1), kept: undefined };
    if (paths >= PATHS) {
      kinds.clear();
      paths = 0;
    } else if (address.length <= LONGEST) {
      known.set(address, kind);
      paths++;
    }
  }
  return kind;
}

/** Adds headers from lines of the form `name:value`. */
function withLines(headers, lines) {
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1));
  }
  return headers;
}

function sharedHead(number) {
  let head = heads.get(number);
  if (head === undefined) {
    if (heads.size >= HEADS) heads.clear();
    const [status, ...lines] = glue.fast_shared(number).split('\n');
    heads.set(number, (head = new Response(null, { status: Number(status), headers: withLines(new Headers(), lines) })));
  }
  return head;
}

/**
 * Answers a request on the fast way. Returns a boolean instead of a response if the long way must answer: true if a rate limit has counted
 * the request already.
 */
function short(request, method, url, kind, body) {
  const { bits, read } = kind;
  const counts = bits & COUNTS_ADDRESS;
  // Each reading is a call into the runtime, and makes an object there that must be freed.
  const headers = counts || read.length > 0 ? request.headers : undefined;
  const proxied = counts && proxy !== '' ? headers.get(proxy) : null;
  // `?` says that the connection's address was not read: it takes as long as evaluating a flag, and the proxy's header comes first.
  let peer = '?';
  if (counts && proxied === null) peer = request.cf ? (request.cf.clientIp ?? '') : '-';
  let parts = `${method}\n${url}\n${peer}\n`;
  for (let place = 0; place < read.length; place++) {
    const value = headers.get(read[place]);
    parts += value === null ? '\n' : `:${value}\n`;
  }
  if (proxied !== null) parts += `:${proxied}`;
  if (parts.length * 3 > PARTS) return false;
  view();
  const { written } = encoder.encodeInto(parts, input);
  if (body.length > 0) input.set(body, written);
  const now = Date.now();
  const answered = glue.fast_answer(bits, written, body.length, now);
  if (!(answered & ANSWERED)) return answered === 1;
  view();
  const number = output[0],
    at = output[1],
    length = output[2],
    ms = output[3];
  // The runtime sends a string sooner than a buffer of the same bytes.
  const said =
    length === 0 ? null : answered & IS_TEXT ? decoder.decode(whole.subarray(at, at + length)) : memory.buffer.slice(at, at + length);
  const head = sharedHead(number);
  if (answered & MAY_REPEAT) kind.kept = { said, head, news: repeats[0], at: now, ms };
  const response = new Response(said, head);
  if (answered & HAS_OWN) withLines(response.headers, glue.fast_own().split('\n'));
  return response;
}

/** The last answer of a kind once more; undefined if anything that it depends on may have changed. See `src/repeats.rs`. */
function repeated(kind) {
  view();
  const { said, head, news, at, ms } = kind.kept;
  const age = Date.now() - at;
  if (news === repeats[0] && age >= 0 && age < ms) {
    repeats[1]++;
    return new Response(said, head);
  }
  kind.kept = undefined;
  return undefined;
}

async function withBody(request, method, url, kind, env, context) {
  const bytes = new Uint8Array(await request.arrayBuffer());
  let answered = false;
  // Another request may have trapped while the body arrived.
  if (bytes.length <= BODY && ready(env)) answered = short(request, method, url, kind, bytes);
  return answered instanceof Response ? answered : glue.answer(new Request(request, { body: bytes }), env, context, answered);
}

export default {
  fetch(request, env, context) {
    if (!ready(env)) return glue.answer(request, env, context, false);
    const { method, url } = request;
    const kind = kindOf(method, url);
    if (kind.bits === 0) return glue.answer(request, env, context, false);
    if (kind.bits & HAS_BODY) {
      if (Number(request.headers.get('content-length') ?? Infinity) <= BODY) return withBody(request, method, url, kind, env, context);
      return glue.answer(request, env, context, false);
    }
    const again = kind.kept === undefined ? undefined : repeated(kind);
    if (again !== undefined) return again;
    const answered = short(request, method, url, kind, NO_BODY);
    return answered instanceof Response ? answered : glue.answer(request, env, context, answered);
  },
};
