/** The commands for whole documents: `export`, `import`, `diff` and `apply`. */
import { readFileSync, writeFileSync } from 'node:fs';

import { type Command, Option } from 'commander';

import type { Api, Query } from '../api.js';
import { at, differencesOf, isSame } from '../difference.js';
import { EXIT, Failure, messageOf } from '../failure.js';
import { printJson, printLine } from '../output.js';
import { consequenceLine, overridesOf, Refused } from '../refused.js';
import type { Document, Imported } from '../wire.js';
import {
  type ApiOptions,
  type ChangeOptions,
  type ConfirmedOptions,
  confirm,
  connect,
  forApi,
  forChange,
  forServer,
  type ServerOptions,
  withExample,
  withYes,
} from './common.js';

interface ImportOptions {
  readonly state?: string;
  readonly partial?: boolean;
  readonly remove?: readonly string[];
  readonly overwrite?: readonly string[];
  readonly newEnvironment?: string;
  readonly newBucketKey?: string;
}

/** A local document beside the server's. */
interface Compared {
  readonly text: string;
  readonly etag: string | undefined;
  /** The changes that the import would make. */
  readonly trial: Imported;
  /** The same in lines for people. */
  readonly lines: readonly string[];
}

export function addDocumentCommands(program: Command): void {
  withExample(
    forServer(program.command('export').description('Write the document: all flags, their state, and all overrides.')),
    'twinflag export --output flags.json',
  )
    .option('-o, --output <file>', 'the file to write; standard output by default')
    .action(exportDocument);
  withExample(
    withYes(
      forImport(
        forChange(
          program
            .command('import <file>')
            .description('Import a document. Asks first if it removes something, sets state back, or brings a flag back that was removed.'),
        ),
      ),
    ),
    'twinflag import flags.json --yes --reason "the release of today"',
  ).action((file: string, options: ChangeOptions & ConfirmedOptions & ImportOptions) => deploy(file, options, harms));
  withExample(
    forImport(
      forApi(
        program.command('diff <file>').description('Show what importing a document would change; exit code 2 if it would change anything.'),
      ),
    ),
    'twinflag diff flags.json',
  ).action(diff);
  withExample(
    withYes(
      forImport(forChange(program.command('apply <file>').description('Show what importing a document changes, ask, and import it.'))),
    ),
    'twinflag apply flags.json --yes --reason "the release of today"',
  ).action((file: string, options: ChangeOptions & ConfirmedOptions & ImportOptions) => deploy(file, options, () => true));
}

/** Adds the options that say what an import may do. */
function forImport(command: Command): Command {
  const state = new Option(
    '--state <keep|replace>',
    "whose state counts: the server's switches, rollouts and overrides, or the document's",
  );
  return command
    .addOption(state.choices(['keep', 'replace']))
    .option('--remove <name...>', 'what serves and may go, such as flags/new_checkout')
    .option(
      '--overwrite <name...>',
      'what an operator edited since the last import, and the document has otherwise, such as flags/new_checkout',
    )
    .option('--partial', 'keep the last good definition of a flag that cannot be read')
    .option('--new-environment <name>', "the document's environment, if it is another name for the server's")
    .option('--new-bucket-key <digits>', "the first eight digits of the document's bucket key, if it is another one");
}

async function exportDocument({ output, ...options }: ServerOptions & { readonly output?: string }): Promise<void> {
  const { body } = await connect(options).ask<Document>({ path: '/api/admin/document' });
  const text = `${JSON.stringify(body, null, 2)}\n`;
  if (output === undefined) process.stdout.write(text);
  else writeFileSync(output, text);
}

async function diff(file: string, options: ApiOptions & ImportOptions): Promise<void> {
  const { trial, lines } = await compare(connect(options), file, options);
  if (options.json) printJson(trial);
  else for (const line of lines) printLine(line);
  refuseFaults(trial, options);
  if (trial.changes.length > 0) process.exitCode = EXIT.different;
}

async function deploy(
  file: string,
  options: ChangeOptions & ConfirmedOptions & ImportOptions,
  asks: (trial: Imported, options: ImportOptions) => boolean,
): Promise<void> {
  const api = connect(options);
  const { text, etag, trial, lines } = await compare(api, file, options);
  if (!options.json) for (const line of lines) printLine(line);
  refuseFaults(trial, options);
  if (trial.changes.length === 0) return options.json ? printJson(trial) : undefined;
  const [goes, overwritten] = [unnamed(trial, 'remove'), unnamed(trial, 'overwrite')];
  await ask(`import ${file} into ${api.url}`, { goes, overwritten }, asks(trial, options), trial, options);
  const imported = await putDocument(api, text, etag, {
    ...queryOf(options),
    reason: options.reason,
    remove: [...(options.remove ?? []), ...goes],
    overwrite: [...(options.overwrite ?? []), ...overwritten],
  });
  if (options.json) printJson(imported);
  else console.log(`imported (version ${imported.version})`);
}

/** Returns the names by which a request would allow what it does not allow yet. */
function unnamed({ consequences = [] }: Imported, by: 'remove' | 'overwrite'): readonly string[] {
  return [...new Set(consequences.flatMap(each => (each.allowed ? [] : (each[by] ?? []))))];
}

/** Imports a document over the version with a tag. */
async function putDocument(api: Api, document: string, ifMatch: string | undefined, query: Query): Promise<Imported> {
  return (await api.ask<Imported>({ method: 'PUT', path: '/api/admin/document', body: document, ifMatch, query })).body;
}

/**
 * Asks before an import.
 *
 * @param unnamed what serves and would go, and what operators edited and would be overwritten, without having been named: `--yes` does
 * not answer for them
 */
async function ask(
  what: string,
  { goes, overwritten }: { readonly goes: readonly string[]; readonly overwritten: readonly string[] },
  asks: boolean,
  { consequences = [] }: Imported,
  options: ConfirmedOptions,
): Promise<void> {
  const harms = [
    { option: '--remove', verb: 'removes', names: goes },
    { option: '--overwrite', verb: 'overwrites the edits of', names: overwritten },
  ].filter(({ names }) => names.length > 0);
  if (harms.length === 0) return asks ? confirm(`${what}?`, options) : undefined;
  if (!process.stdin.isTTY) {
    const named = harms.map(({ option, names }) => `${option} ${names.join(' ')}`).join(' ');
    throw new Failure(`not done: ${what}?`, EXIT.failed, `name what may go: ${named}`, { consequences });
  }
  await confirm(`${what}, which ${harms.map(({ verb, names }) => `${verb} ${names.join(', ')}`).join(', and ')}?`, {});
}

function queryOf({ state, partial, remove, overwrite, newEnvironment, newBucketKey }: ImportOptions): Query {
  // Every import names the version that it compared with, so that no other change comes between. That allows no edit to be overwritten: the
  // command tells each, and names those that the operator gives up.
  return { state, partial, remove, overwrite, seen: false, newEnvironment, newBucketKey };
}

/** Returns true if an import takes something away, may revive what was switched off, or brings the earlier state of a flag back. */
function harms({ changes, returned = [] }: Imported, { state }: ImportOptions): boolean {
  return state === 'replace' || returned.length > 0 || changes.some(({ kind }) => kind === 'removed');
}

async function compare(api: Api, file: string, options: ImportOptions): Promise<Compared> {
  const text = readDocument(file);
  const { document: ours, etag } = await serversDocument(api);
  const theirs = JSON.parse(text) as Document;
  const { errors, consequences = [], ...tried } = await putDocument(api, text, etag, { ...queryOf(options), dryRun: true });
  // An error that the server's document has already is no difference.
  const isNew = ({ pointer }: { readonly pointer: string }): boolean => {
    const definition = pointer.split('/').slice(0, 3).join('/');
    return !isSame(at(ours, definition), at(theirs, definition));
  };
  const trial = { ...tried, errors: errors.filter(isNew), consequences: consequences.filter(each => !each.allowed || isNew(each)) };
  return { text, etag, trial, lines: linesOf(trial, ours, theirs) };
}

/** The server's document and its tag; an empty one without a tag if the server has none yet. */
async function serversDocument(api: Api): Promise<{ readonly document: Document; readonly etag: string | undefined }> {
  try {
    const { body, etag } = await api.ask<Document>({ path: '/api/admin/document' });
    return { document: body, etag };
  } catch (error) {
    if (error instanceof Refused && error.refusal.code === 'NO_RULESET') return { document: {}, etag: undefined };
    throw error;
  }
}

function linesOf(
  { changes, kept, consequences = [], renamed = [], returned = [], errors, warnings }: Imported,
  ours: Document,
  theirs: Document,
): readonly string[] {
  if (changes.length + errors.length + warnings.length === 0) return ['no difference'];
  const refused = new Set(changes.flatMap(({ kind, pointer }) => (kind === 'refused' ? [pointer] : [])));
  return [
    ...changes.flatMap(({ kind, pointer }) => [
      kind === 'refused' ? `${'kept'.padEnd(8)} ${pointer} (its last good definition serves on)` : `${kind.padEnd(8)} ${pointer}`,
      ...(kind === 'changed' ? differencesOf(ours, theirs, pointer, kept).map(line => `         ${line}`) : []),
    ]),
    ...kept.map(({ pointer }) => `${'kept'.padEnd(8)} ${pointer} (as the server has it; --state replace takes the document's)`),
    ...renamed.map(({ from, to }) => `${'renamed'.padEnd(8)} ${from} → ${to}, with its state and its overrides`),
    ...returned.map(
      ({ flag, enabled, overrides }) =>
        `${'returned'.padEnd(8)} ${flag}, as it was: switched ${enabled ? 'on' : 'off'}, with ${overridesOf(overrides)}`,
    ),
    ...consequences.filter(({ pointer }) => !refused.has(pointer)).map(consequenceLine),
    ...warnings.map(({ pointer, message }) => `${'warning'.padEnd(8)} ${pointer}: ${message}`),
    ...errors.map(({ pointer, message }) => `${'error'.padEnd(8)} ${pointer}: ${message}`),
  ];
}

/** Fails if a part of the document has an error, unless `partial` allows it. An override of a flag that is gone has none to lose. */
function refuseFaults({ errors, consequences }: Imported, { partial }: ImportOptions): void {
  const count = errors.filter(({ pointer }) => !pointer.startsWith('/overrides/')).length;
  if (count > 0 && !partial)
    throw new Failure(
      `the document has ${count === 1 ? 'an error' : `${count} errors`}; nothing was imported`,
      EXIT.failed,
      'mend it, or keep the last good definitions with --partial',
      { errors, consequences },
    );
}

function readDocument(file: string): string {
  let text: string;
  try {
    // 0 is standard input.
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Failure(`cannot read the document ${file}: ${messageOf(error)}`);
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Failure(`${file} is not JSON: ${messageOf(error)}`);
  }
  return text;
}
