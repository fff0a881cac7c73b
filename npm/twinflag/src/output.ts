/** The output of commands: JSON for programs, lines and tables for people. */

/** Prints a value as JSON, on one line. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value));
}

/** Returns a text as one line that moves no cursor: other people wrote reasons, descriptions and labels. */
export function printable(text: string): string {
  return text.replaceAll(/[\t\n\r]+/g, ' ').replaceAll(/\p{Cc}/gu, '\uFFFD');
}

/** Prints a line for people on standard output. */
export function printLine(line: string): void {
  console.log(printable(line));
}

/** Prints a line for people on standard error. */
export function printNote(line: string): void {
  console.error(printable(line));
}

/** Prints rows below their headings, in columns. Prints nothing but `none` if there are no rows. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[], none: string): void {
  if (rows.length === 0) {
    console.log(none);
    return;
  }
  const lines = [headings, ...rows.map(row => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map(row => (row[column] ?? '').length)));
  for (const row of lines)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
