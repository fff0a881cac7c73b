/** Two JSON values, line by line. */
import { diffLines } from 'diff';
import { useMemo } from 'react';

/** The longest text that is compared by lines, in characters: a longer one would keep the page busy. */
const LONGEST = 200_000;

export function JsonDiff({ before, after }: { before: unknown; after: unknown }) {
  const parts = useMemo(() => compare(spelled(before), spelled(after)), [before, after]);
  return (
    <pre className="diff">
      {parts.map(({ kind, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no other name, and are replaced as a whole.
        <Part key={index} kind={kind} text={text} />
      ))}
    </pre>
  );
}

function Part({ kind, text }: { kind: Kind; text: string }) {
  if (kind === 'same') return text;
  return kind === 'added' ? <ins>{text}</ins> : <del>{text}</del>;
}

type Kind = 'same' | 'added' | 'removed';

function compare(before: string, after: string): { kind: Kind; text: string }[] {
  if (before.length + after.length > LONGEST)
    return [
      { kind: 'removed', text: before.slice(0, LONGEST) },
      { kind: 'added', text: after.slice(0, LONGEST) },
    ];
  return diffLines(before, after).map(({ added, removed, value }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value,
  }));
}

/** A value as indented JSON; text of a definition that is JSON is read first. Empty for a value that is not there. */
export function spelled(value: unknown): string {
  return value === undefined || value === null ? '' : `${JSON.stringify(value, null, 2)}\n`;
}
