/**
 * The report of Node's test runner for `cargo xtask test`: a JSON line for each test, with its milliseconds, and a last one when all have
 * ended. `target/reports` keeps the last report of each suite, and so tells which tests take long.
 *
 *     node --test --test-reporter=./tests/reporter.mjs --test-reporter-destination=FILE …
 */

/** @param {AsyncIterable<{ type: string, data: any }>} events as Node's runner tells them */
export default async function* report(events) {
  for await (const { type, data } of events) {
    const result = type === 'test:pass' ? resultOf(data) : type === 'test:fail' ? 'failed' : undefined;
    // A group passes if its tests do, and they are in the report.
    if (result === undefined || (result === 'passed' && data.details.type === 'suite')) continue;
    const { name, file, details } = data;
    yield `${JSON.stringify({ result, name, file, ms: Math.round(details.duration_ms) })}\n`;
  }
  yield '{"over":true}\n';
}

/** The result of a test that Node counts as passed. */
function resultOf({ name, file, skip, todo }) {
  if (skip !== undefined) return 'skipped';
  if (todo !== undefined) return 'todo';
  // The runner tells of a file as a test where it told of none of the file's tests: it has none, or its process ended before them.
  return name === file ? 'without a test' : 'passed';
}
