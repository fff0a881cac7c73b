/** Times (section 5): epoch milliseconds, or a date-time with seconds and an offset. */

const FORM = /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$/;

/** Milliseconds since the epoch of a whole number or a date-time of the years 0001 to 9999, or `null` where it is no time. */
export function readTime(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null;
  if (typeof value !== 'string') return null;
  const found = FORM.exec(value);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return null;
  let offset = 0;
  if (found[8] !== undefined) {
    const [hours, minutes] = [Number(found[9]), Number(found[10])];
    if (hours > 23 || minutes > 59) return null;
    offset = (found[8] === '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  const millis = Number((found[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return (((daysBefore(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + millis;
}

function isLeap(year) {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysIn(year, month) {
  return month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
function daysBefore(year, month, day) {
  const leaps = y => Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400); // leap years in 1 … y
  let days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
  for (let m = 1; m < month; m += 1) days += daysIn(year, m);
  return days + day - 1;
}
