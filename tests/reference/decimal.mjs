/** Numbers written as text, for the option `as` (section 5). */

const FORM = /^-?([0-9]+)(?:\.([0-9]+))?$/;
const DIGITS = 15;

/** The double nearest to a decimal number of at most 15 significant digits and 15 digits after the point, or `null`. */
export function readDecimal(text) {
  const found = FORM.exec(text);
  if (found === null) return null;
  const [, whole, fraction = ''] = found;
  const significant = (whole + fraction.replace(/0+$/, '')).replace(/^0+/, '');
  return fraction.length <= DIGITS && significant.length <= DIGITS ? Number(text) : null;
}
