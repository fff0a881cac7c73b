// A strict reader of metrics as text, written from the specifications of OpenMetrics 1.0 and Prometheus' text format 0.0.4.

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.eE+-]+|NaN|[+-]Inf)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const SUFFIXES = { gauge: [''], counter: ['_total'], histogram: ['_bucket', '_count', '_sum'] };

/** Reads a text. Returns its families by their names, each `{ type, help, samples: [{ name, labels, value }] }`. */
export function familiesOf(text, { isOpen }) {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('the text does not end with a line feed');
  if (isOpen && lines.pop() !== '# EOF') throw new Error('the text does not end with # EOF');
  const families = new Map();
  const seen = new Set();
  let open;
  for (const line of lines) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, rest] = comment;
      if (!NAME.test(name)) throw new Error(`no name: ${line}`);
      if (what === 'HELP') {
        if (families.has(name)) throw new Error(`${name} is interrupted`);
        families.set(name, (open = { name, help: rest, samples: [] }));
      } else {
        if (open?.name !== name || open.type) throw new Error(`TYPE without HELP: ${line}`);
        if (!(rest in SUFFIXES)) throw new Error(`no type: ${line}`);
        open.type = rest;
      }
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (!sample) throw new Error(`no sample: ${line}`);
    const [, name, labelled, value] = sample;
    const isTotal = open.type === 'counter' && !isOpen;
    if (!SUFFIXES[open.type].some(suffix => name === open.name + (isTotal ? '' : suffix)))
      throw new Error(`${name} is no sample of the ${open.type} ${open.name}`);
    const labels = labelsOf(labelled ?? '', line);
    const key = `${name}${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) throw new Error(`twice: ${line}`);
    seen.add(key);
    if (!Number.isFinite(Number(value)) || Number(value) < 0) throw new Error(`no count: ${line}`);
    open.samples.push({ name, labels, value: Number(value) });
  }
  for (const family of families.values()) checkHistogram(family);
  return families;
}

function labelsOf(text, line) {
  const labels = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const found = LABEL.exec(text);
    if (!found || found[1] in labels) throw new Error(`no labels: ${line}`);
    labels[found[1]] = found[2].replaceAll('\\n', '\n').replaceAll('\\"', '"').replaceAll('\\\\', '\\');
    if (found[3] === '') break;
  }
  return labels;
}

/** Buckets of one histogram rise, end with +Inf, and agree with the count. */
function checkHistogram({ name, type, samples }) {
  if (type !== 'histogram') return;
  const groups = new Map();
  for (const { name: sample, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    if (!groups.has(key)) groups.set(key, { buckets: [] });
    const group = groups.get(key);
    if (sample.endsWith('_bucket')) group.buckets.push({ le, value });
    else group[sample.slice(name.length + 1)] = value;
  }
  for (const [key, { buckets, count, sum }] of groups) {
    const bounds = buckets.map(({ le }) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)));
    const isRising = numbers => numbers.every((number, index) => index === 0 || number >= numbers[index - 1]);
    const isSound = isRising(bounds) && isRising(buckets.map(({ value }) => value)) && buckets.at(-1)?.le === '+Inf';
    if (!isSound || buckets.at(-1).value !== count || sum === undefined) throw new Error(`no histogram: ${name}${key}`);
  }
}
