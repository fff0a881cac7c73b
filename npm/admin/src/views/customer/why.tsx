/** The steps by which an answer came about, as the edge records them. */
import type { Explained, Step } from '../../api/model.js';
import { valueText } from '../../because.js';
import { Loading, ProblemNote } from '../../parts/states.js';
import { changeable } from './changeable.js';
import { type Question, useExplained } from './question.js';

export function Why({ flag, question }: { flag: string; question: Omit<Question, 'isSpecial'> }) {
  const explained = useExplained(flag, question, true);
  if (explained.isPending) return <Loading what="the steps" />;
  if (explained.isError) return <ProblemNote error={explained.error} onRetry={() => void explained.refetch()} />;
  return <Steps explained={explained.data} />;
}

export function Steps({ explained: { evaluation, steps, version, change } }: { explained: Explained }) {
  const { nearest, ways, unknown } = changeable({ evaluation, steps });
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
      {nearest !== undefined && (
        <p className="small">
          <b>Nearest miss.</b> {nearest}
        </p>
      )}
      {ways.length > 0 && (
        <div className="small">
          <b>What would change it</b>
          <ul className="ways">
            {ways.map(way => (
              <li key={way}>{way}</li>
            ))}
          </ul>
        </div>
      )}
      {unknown.length > 0 && (
        <p className="note away small">
          The edge does not know {unknown.join(', ')} of them. Paste what their page knows to ask with{' '}
          {unknown.length === 1 ? 'it' : 'them'}.
        </p>
      )}
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
