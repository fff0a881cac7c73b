/** What the demo itself asks of the edge: the other opinion, and how it came about. */
import type { EvaluationContext, FlagValue } from '@twinflag/client';
import type { Answer } from './answer.js';
import type { Explanation } from './steps.js';

/** The edge answered, and refused. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const PATIENCE_MS = 10_000;

/** The edge's answers, and the version that they come from; absent where something between kept it back. */
export interface EdgeAnswers {
  readonly answers: ReadonlyMap<string, Answer>;
  readonly version: string | undefined;
}

/**
 * The answers of all flags, over the OpenFeature Remote Evaluation Protocol.
 *
 * @param least the version to be answered from at least; absent for any
 */
export async function askEdge(context: EvaluationContext, least: string | undefined, signal: AbortSignal): Promise<EdgeAnswers> {
  const query = least === undefined ? '' : `?${new URLSearchParams({ flagConfigEtag: least }).toString()}`;
  const response = await post(`/ofrep/v1/evaluate/flags${query}`, { context }, signal);
  const { flags } = (await response.json()) as { flags: OfrepFlag[] };
  const answers = flags.map(({ key, value, variant, reason = 'ERROR', errorCode, metadata }): [string, Answer] => [
    key,
    { value, variant, reason, errorCode, layer: metadata?.layer },
  ]);
  return { answers: new Map(answers), version: response.headers.get('twinflag-version') ?? undefined };
}

interface OfrepFlag {
  readonly key: string;
  readonly value?: FlagValue;
  readonly variant?: string;
  readonly reason?: string;
  readonly errorCode?: string;
  readonly metadata?: { readonly layer?: string };
}

/** How the answers of these flags come about. */
export async function askWhy(flags: readonly string[], context: EvaluationContext, signal: AbortSignal): Promise<Map<string, Explanation>> {
  const { explanations } = (await (await post('/demo/explain', { flags, context }, signal)).json()) as {
    explanations: (Explanation & { flag: string })[];
  };
  return new Map(explanations.map(explanation => [explanation.flag, explanation]));
}

/** The publishable key, which the edge writes into the page. */
export function clientKey(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="client-key"]')?.content ?? '';
}

/** @throws {Refused} with the edge's words; any other error means that it does not answer */
async function post(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${clientKey()}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  });
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { detail?: string; errorDetails?: string };
  throw new Refused(`${response.status}: ${said.detail ?? said.errorDetails ?? response.statusText}`);
}
