/** The steps by which an answer came about, as the edge records them. */
import { useQuery } from '@tanstack/react-query';

import { take } from '../../api/client.js';
import type { Explained, Step } from '../../api/model.js';
import { valueText } from '../../because.js';
import { useEnvironment } from '../../environment.js';
import { Loading, ProblemNote } from '../../parts/states.js';
import { useSession } from '../../session.js';

export function Why({ flag, context }: { flag: string; context: Record<string, unknown> }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const explained = useQuery({
    queryKey: ['why', environment.name ?? null, flag, context],
    queryFn: () => take(api.POST('/v1/explain', { params: { query: environment.query }, body: { flag, context } })),
  });
  if (explained.isPending) return <Loading what="the steps" />;
  if (explained.isError) return <ProblemNote error={explained.error} onRetry={() => void explained.refetch()} />;
  return <Steps explained={explained.data} />;
}

export function Steps({ explained: { evaluation, steps, version, change } }: { explained: Explained }) {
  return (
    <div className="why stack">
      <p>
        <b>{valueText(evaluation)}</b>{' '}
        <span className="quiet small">
          {evaluation.errorCode ?? evaluation.reason}
          {evaluation.layer !== undefined && `, layer ${evaluation.layer}`}, version {version}
        </span>
      </p>
      <ol className="ladder">
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step has no other name than its place.
          <li key={index} data-settles={step.answered}>
            <b>{step.step}</b>
            <span>{stepText(step)}</span>
          </li>
        ))}
      </ol>
      {change && !('erased' in change) && (
        <p className="quiet small">
          Last changed by {change.changedBy}: “{change.reason}”
        </p>
      )}
    </div>
  );
}

/** A step as a sentence: what it compared, and whether it answered. */
function stepText({ answered, bucket, bounds, unit, conditions, variant }: Step): string {
  const parts: string[] = [];
  if (unit !== undefined) parts.push(`${unit.attribute} ${unit.value === undefined ? 'is not known' : String(unit.value)}`);
  if (bucket !== undefined)
    parts.push(
      `bucket ${bucket.toLocaleString('en')}${bounds === undefined ? '' : ` against ${bounds.map(bound => bound.toLocaleString('en')).join(', ')}`}`,
    );
  for (const { attribute, op, operand, actual, held } of conditions ?? [])
    parts.push(
      `${attribute ?? ''} ${op} ${brief(operand)}: ${actual === undefined ? 'not known' : brief(actual)}, ${held ? 'holds' : 'does not hold'}`.trim(),
    );
  parts.push(answered ? `answers${variant === undefined ? '' : ` ${variant}`}` : 'does not apply');
  return `${parts.join('; ')}.`;
}

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
