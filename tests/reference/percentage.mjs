/** Percentages (section 1): 0 to 100 with at most three decimals, kept as thousandths. */

/** Thousandths of a percent, 0 to 100000, of a scanned value; `null` with an error reported where it is no percentage. */
export function readThreshold(value, at, report) {
  const threshold = value.type === 'number' ? Math.round(value.value * 1000) : NaN;
  const isPercentage = threshold >= 0 && threshold <= 100_000 && threshold / 1000 === value.value;
  return isPercentage ? threshold + 0 : report(at, 'expected 0 to 100 with at most three decimals');
}
