/** Tests of public tables that are not part of the repository: they are read beside it, or in the folder TWINFLAG_CONFORMANCE names. */
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Registers a test of a table where it is, and says that it did not run where it is not. `body` gets what the table holds. */
export function testOfTable(path, name, body) {
  const table = new URL(`${process.env.TWINFLAG_CONFORMANCE ?? '../../../shared/conformance'}/${path}`, import.meta.url);
  if (existsSync(table)) test(name, () => body(JSON.parse(readFileSync(table, 'utf8'))));
  else console.log(`did not run, no published table here: ${name}`);
}
