// The module that the runtime loads. Its exports call the Rust module through wasm-bindgen's glue, and make a new instance after a trap.
import * as glue from 'glue';

import { eventStream } from './event-stream.js';

/** The most bytes of a request's parts, and of its body, on the fast way. `src/fast.rs` has the same numbers. */
const PARTS = 16_384,
  BODY = 256_000;
/** The most remembered paths, the most remembered sets of headers, and the longest remembered path together with its method. */
const PATHS = 1_000,
  SETS = 64,
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
/** The id of the instance that the state below belongs to. */
let instance;
/** The names of the headers to pass to the module; undefined if every request takes the long way. */
let names;
let memory, whole, input, output;
const kinds = new Map(),
  sets = new Map();

/** Prepares the instance. Returns true if requests may take the fast way. */
function ready(env) {
  if (instance !== alive()) {
    const listed = glue.fast_start(env);
    names = listed === '' ? undefined : listed.split(',');
    memory = glue.fast_memory();
    input = output = undefined;
    kinds.clear();
    sets.clear();
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
}

/** The kind of the requests with a method and a path; see `fast_kind`. */
function kindOf(method, url) {
  const query = url.indexOf('?'),
    start = url.indexOf('/', 8);
  const path = url.slice(start, query < 0 ? undefined : query),
    key = method + path;
  let kind = kinds.get(key);
  if (kind === undefined) {
    kind = glue.fast_kind(method, path);
    if (kinds.size >= PATHS) kinds.clear();
    if (key.length <= LONGEST) kinds.set(key, kind);
  }
  return kind;
}

/** Adds headers from lines of the form `name:value`. */
function withLines(headers, lines) {
  for (const line of lines.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1));
  }
  return headers;
}

function sharedHeaders(set) {
  let headers = sets.get(set);
  if (headers === undefined) {
    if (sets.size >= SETS) sets.clear();
    sets.set(set, (headers = withLines(new Headers(), glue.fast_shared(set))));
  }
  return headers;
}

/**
 * Answers a request on the fast way. Returns a boolean instead of a response if the long way must answer: true if a rate limit has counted
 * the request already.
 */
function short(request, kind, body) {
  const { method, url, headers } = request;
  const cf = kind & 4 ? request.cf : undefined;
  let parts = `${method}\n${url}\n${cf ? (cf.clientIp ?? '') : '-'}`;
  for (let place = 0; place < names.length; place++) {
    // The last name is that of CLIENT_ADDRESS_HEADER.
    const isRead = place === names.length - 1 ? kind & 4 && names[place] !== '' : (kind >> (place + 3)) & 1;
    const value = isRead ? headers.get(names[place]) : null;
    parts += value === null ? '\n' : `\n:${value}`;
  }
  if (parts.length * 3 > PARTS) return false;
  view();
  const { written } = encoder.encodeInto(parts, input);
  input.set(body, written);
  const answered = glue.fast_answer(kind, written, body.length, Date.now());
  if (answered < 2) return answered === 1;
  view();
  const status = output[0],
    set = output[1],
    at = output[2],
    length = output[3];
  const shared = sharedHeaders(set);
  // That call may have grown the memory.
  view();
  // The runtime sends a string sooner than a buffer of the same bytes.
  const said = length === 0 ? null : answered & 4 ? decoder.decode(whole.subarray(at, at + length)) : memory.buffer.slice(at, at + length);
  return new Response(said, { status, headers: answered & 1 ? withLines(new Headers(shared), glue.fast_own()) : shared });
}

async function withBody(request, kind, env, context) {
  const bytes = new Uint8Array(await request.arrayBuffer());
  let answered = false;
  // Another request may have trapped while the body arrived.
  if (bytes.length <= BODY && ready(env)) answered = short(request, kind, bytes);
  return answered instanceof Response ? answered : glue.answer(new Request(request, { body: bytes }), env, context, answered);
}

export default {
  fetch(request, env, context) {
    if (!ready(env)) return glue.answer(request, env, context, false);
    const kind = kindOf(request.method, request.url);
    if (kind & 2 && Number(request.headers.get('content-length') ?? Infinity) <= BODY) return withBody(request, kind, env, context);
    if (kind === 0 || kind & 2) return glue.answer(request, env, context, false);
    const answered = short(request, kind, NO_BODY);
    return answered instanceof Response ? answered : glue.answer(request, env, context, answered);
  },
};
