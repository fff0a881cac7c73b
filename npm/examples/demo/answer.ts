/** One answer, from whomever it came. */
export interface Answer {
  /** Absent where the default in the code is answered. */
  readonly value: unknown;
  readonly variant: string | undefined;
  readonly reason: string;
  readonly errorCode: string | undefined;
  readonly layer: string | undefined;
  /** The bucket that was drawn, 0 to 99,999; the edge does not say it beside an answer. */
  readonly bucket?: number | undefined;
}

/** Whether two say the same, in all that both can say. */
export function same(a: Answer, b: Answer): boolean {
  const told = ({ value, variant, reason, errorCode, layer }: Answer) =>
    JSON.stringify([canonical(value), variant, reason, errorCode, layer]);
  return told(a) === told(b);
}

/** A value with the members of its objects in one order. */
function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, canonical(member)]);
}
