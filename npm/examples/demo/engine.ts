/** Asks the engine in this page, with the program the edge makes for this visitor. The only file of the demo that knows its API. */
import { loadEngine, type FlagEngine } from '../../client/src/load-engine.js';
import { clientKey, type Answer, type Context } from './edge.js';

let engine: Promise<FlagEngine> | undefined;

export async function askEngine(flag: string, context: Context): Promise<Answer> {
  try {
    const [asked, program] = await Promise.all([(engine ??= start()), fetchProgram(context)]);
    asked.load(program);
    asked.identify({ ...context });
    const { value, variant, reason, layer, errorCode } = asked.details(flag, undefined);
    return errorCode ? { refusal: errorCode } : { value, variant, reason, layer };
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : 'The engine does not answer.' };
  }
}

async function start(): Promise<FlagEngine> {
  return loadEngine(await WebAssembly.compileStreaming(fetch('/demo/engine.wasm')));
}

async function fetchProgram(context: Context): Promise<Uint8Array> {
  const response = await fetch('/v1/program', {
    method: 'POST',
    headers: { authorization: `Bearer ${clientKey()}`, 'content-type': 'application/json', accept: 'application/vnd.twinflag.program' },
    body: JSON.stringify({ context }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error('The edge sends no program.');
  return new Uint8Array(await response.arrayBuffer());
}
