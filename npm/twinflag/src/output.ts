/** The output of commands: JSON for programs, lines and tables for people. */

/** True if the command line asks for JSON: then a program reads both standard output and standard error. */
export const forPrograms = process.argv.includes('--json');

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

/** Prints a line for people on standard error. Prints nothing for programs, which get JSON alone there. */
export function printNote(line: string): void {
  if (!forPrograms) console.error(printable(line));
}

/** Prints rows below their headings, in columns. Prints nothing but `none` if there are no rows. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[], none: string): void {
  if (rows.length === 0) console.log(none);
  else printColumns([headings, ...rows]);
}

/** Prints rows in columns. */
export function printColumns(rows: readonly (readonly string[])[]): void {
  const lines = rows.map(row => row.map(printable));
  const count = Math.max(...lines.map(row => row.length));
  const widths = Array.from({ length: count }, (_, column) => Math.max(...lines.map(row => (row[column] ?? '').length)));
  for (const row of lines)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
