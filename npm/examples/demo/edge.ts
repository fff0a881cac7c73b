/** Everything that is asked of the edge. The publishable key stands in the page. */
import type { EvaluationContext, FlagValue } from '../../client/src/types.js';
import type { Answer } from './answer.js';
import type { Explanation } from './steps.js';

/** The edge answered, and refused. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const PATIENCE_MS = 10_000;

/** The answers of all flags, over the OpenFeature Remote Evaluation Protocol. */
export async function askEdge(context: EvaluationContext, signal: AbortSignal): Promise<Map<string, Answer>> {
  const { flags } = (await (await post('/ofrep/v1/evaluate/flags', { context }, signal)).json()) as { flags: OfrepFlag[] };
  return new Map(flags.map(({ key, value, variant, reason = 'ERROR', errorCode, metadata }) => [key, { value, variant, reason, errorCode, layer: metadata?.layer }]));
}

interface OfrepFlag {
  readonly key: string;
  readonly value?: FlagValue;
  readonly variant?: string;
  readonly reason?: string;
  readonly errorCode?: string;
  readonly metadata?: { readonly layer?: string };
}

/** The program for what is known of a visitor. */
export async function fetchProgram(known: EvaluationContext, signal: AbortSignal): Promise<Uint8Array> {
  const response = await post('/v1/program', { context: known }, signal, 'application/vnd.twinflag.program');
  return new Uint8Array(await response.arrayBuffer());
}

/** How the answers of these flags come about. */
export async function askWhy(flags: readonly string[], context: EvaluationContext, signal: AbortSignal): Promise<Map<string, Explanation>> {
  const { explanations } = (await (await post('/demo/explain', { flags, context }, signal)).json()) as { explanations: (Explanation & { flag: string })[] };
  return new Map(explanations.map((explanation) => [explanation.flag, explanation]));
}

/** @throws {Refused} with the edge's words; any other error means that it does not answer */
async function post(path: string, body: unknown, signal: AbortSignal, accept = 'application/json'): Promise<Response> {
  const key = document.querySelector<HTMLMetaElement>('meta[name="client-key"]')?.content ?? '';
  const response = await fetch(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept },
    body: JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  });
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { detail?: string; errorDetails?: string };
  throw new Refused(`${response.status}: ${said.detail ?? said.errorDetails ?? response.statusText}`);
}
