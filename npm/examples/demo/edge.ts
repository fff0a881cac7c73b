/** Asks the edge, over OFREP. */
export interface Context {
  targetingKey?: string;
  userId?: string;
  customerId?: string;
}

/** Members in this order, so that two answers can be compared as text. */
export type Answer = { value: unknown; variant: string | undefined; reason: string; layer: string | undefined } | { refusal: string };

/** The publishable key, which the edge writes into the page. */
export function clientKey(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="client-key"]')?.content ?? '';
}

export async function askEdge(flag: string, context: Context): Promise<Answer> {
  try {
    const response = await fetch(`/ofrep/v1/evaluate/flags/${encodeURIComponent(flag)}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clientKey()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ context }),
      signal: AbortSignal.timeout(10_000),
    });
    const body = await response.json();
    if (!response.ok) return { refusal: body.errorCode === 'GENERAL' ? body.errorDetails : body.errorCode };
    return { value: body.value, variant: body.variant, reason: body.reason, layer: body.metadata?.layer };
  } catch {
    return { refusal: 'The edge does not answer.' };
  }
}
