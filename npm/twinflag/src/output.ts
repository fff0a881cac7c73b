/** The output of commands: JSON for programs, lines and tables for people. */

/** Prints a value as JSON, on one line. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value));
}

/** Prints rows below their headings, in columns. Prints nothing but `none` if there are no rows. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[], none: string): void {
  if (rows.length === 0) return console.log(none);
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)));
  for (const row of [headings, ...rows]) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}
