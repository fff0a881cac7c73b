/** The commands that import and export the overrides of many owners, a line of JSON each. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { type Command, Option } from 'commander';

import type { Api, Query } from '../api.js';
import { EXIT, Failure, messageOf } from '../failure.js';
import { type Part, partsOf } from '../lines.js';
import { forPrograms, printJson, printLine, printNote } from '../output.js';
import { Refused } from '../refused.js';
import type { LineError, OverridesImport } from '../wire.js';
import { type ApiOptions, type ChangeOptions, connect, forApi, forChange, wantReason, withExample } from './common.js';

const PATH = '/api/admin/overrides';
/** The time that the server may take for one part of an import, or for an export up to a cut. */
const PATIENCE_MS = 600_000;
/** The time for which an import waits for a server that went away, and the time between two attempts. */
const AWAY_MS = 60_000;
const RETRY_MS = 500;
/** The most refused lines that the command tells. */
const MOST_ERRORS = 100;

interface ImportOptions extends ChangeOptions {
  readonly import?: string;
  readonly mode: string;
  readonly skipErrors?: boolean;
  readonly dryRun?: boolean;
}

interface ExportOptions extends ApiOptions {
  readonly flag?: string;
  readonly kind?: string;
  readonly output?: string;
}

export function addBulkCommands(overrides: Command): void {
  withExample(
    forChange(
      overrides.command('import <file>').description('Import the overrides of many owners from lines of JSON; - reads standard input.'),
    ),
    'twinflag overrides import customers.ndjson --reason "the new price list"',
    'twinflag overrides import customers.ndjson --dry-run --skip-errors --reason check',
  )
    .addOption(
      new Option('--mode <mode>', 'merge with the overrides of an owner, or replace them').choices(['merge', 'replace']).default('merge'),
    )
    .option('--skip-errors', 'pass over bad lines, and tell the first hundred; without it the first one stops the import')
    .option('--dry-run', 'check the lines, and store nothing')
    .option('--import <id>', 'go on with the import of this id, behind the lines that were taken')
    .action(importLines);
  withExample(
    forApi(overrides.command('export').description('Export the overrides of all owners as lines of JSON, in the order of their names.')),
    'twinflag overrides export --output customers.ndjson',
    'twinflag overrides export --flag new_checkout',
  )
    .option('--flag <flag>', 'only overrides of one flag')
    .addOption(new Option('--kind <kind>', 'only those of customers, or of organizations').choices(['customers', 'organizations']))
    .option('-o, --output <file>', 'the file to write; standard output by default')
    .action(exportLines);
}

async function importLines(file: string, options: ImportOptions): Promise<void> {
  wantReason(options);
  const api = connect(options);
  const id = options.import ?? `cli-${randomUUID()}`;
  const taken = options.import === undefined || options.dryRun ? 0 : await takenOf(api, id);
  if (taken > 0) printNote(`going on behind line ${taken}`);
  const query: Query = {
    import: id,
    mode: options.mode,
    onError: options.skipErrors ? 'skip' : 'stop',
    dryRun: options.dryRun,
    reason: options.reason,
  };
  const again = `go on with: twinflag overrides import ${file} --import ${id}`;
  let total: OverridesImport = { import: id, lines: taken, changed: 0, unchanged: 0, repeated: 0, skipped: 0, errors: [] };
  const rate = new Rate();
  try {
    const source = file === '-' ? process.stdin : createReadStream(file);
    for await (const part of partsOf(source)) {
      if (part.first + part.count - 1 <= taken) continue;
      const progress = await sendPart(api, query, part);
      total = options.dryRun ? sum(total, progress) : progress;
      rate.show(total.lines);
    }
  } catch (error) {
    if (error instanceof Refused) {
      const hint = error.refusal.code === 'LINE_REFUSED' && !options.dryRun ? `mend the line, and ${again}` : error.hint;
      throw new Refused({ ...error.refusal, ...(hint !== undefined && { hint }) });
    }
    if (error instanceof Failure) throw new Failure(error.message, error.exitCode, options.dryRun ? error.hint : again);
    throw new Failure(`${file}: ${messageOf(error)}`);
  } finally {
    rate.end();
  }
  for (const { line, detail } of total.errors) printNote(`line ${line}: ${detail}`);
  if (options.json) printJson(total);
  else printLine(summaryOf(total, options.dryRun === true));
}

/** Returns the number of lines that the server has of an import; none of one that it does not know. */
async function takenOf(api: Api, id: string): Promise<number> {
  try {
    return (await api.ask<OverridesImport>({ path: `${PATH}/import/${encodeURIComponent(id)}` })).body.lines;
  } catch (error) {
    if (error instanceof Refused && error.refusal.code === 'IMPORT_NOT_FOUND') return 0;
    throw error;
  }
}

/** Sends a part, and again while the server is away for a short time: it passes over the lines that it has taken. */
async function sendPart(api: Api, query: Query, { first, bytes }: Part): Promise<OverridesImport> {
  for (const end = Date.now() + AWAY_MS; ; await pause(RETRY_MS)) {
    try {
      const asked = {
        method: 'POST',
        path: `${PATH}/import`,
        query: { ...query, from: first },
        lines: bytes,
        patienceMs: PATIENCE_MS,
      } as const;
      return (await api.ask<OverridesImport>(asked)).body;
    } catch (error) {
      const isAway =
        error instanceof Refused
          ? [429, 503].includes(error.refusal.status)
          : error instanceof Failure && error.exitCode === EXIT.unavailable;
      if (!isAway || Date.now() > end) throw error;
    }
  }
}

/** Returns the counts of two parts of a dry run, of which the server keeps none. */
function sum(before: OverridesImport, part: OverridesImport): OverridesImport {
  return {
    ...part,
    changed: before.changed + part.changed,
    unchanged: before.unchanged + part.unchanged,
    repeated: before.repeated + part.repeated,
    skipped: before.skipped + part.skipped,
    errors: [...before.errors, ...part.errors].slice(0, MOST_ERRORS) satisfies readonly LineError[],
  };
}

function summaryOf({ lines, changed, unchanged, skipped, version }: OverridesImport, isDryRun: boolean): string {
  const counts = `${lines} lines: ${changed} changed, ${unchanged} unchanged, ${skipped} skipped`;
  return isDryRun ? `${counts} (nothing was stored)` : `${counts}${version === undefined ? '' : ` (version ${version})`}`;
}

/** Shows on a terminal how many lines were taken, and how many in a second. */
class Rate {
  readonly #began = Date.now();
  readonly #isShown = process.stderr.isTTY && !forPrograms;

  show(lines: number): void {
    const perSecond = Math.round((lines * 1000) / Math.max(1, Date.now() - this.#began));
    if (this.#isShown) process.stderr.write(`\r${lines} lines, ${perSecond} a second`);
  }

  end(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
  }
}

/** Writes the lines of an export; after a cut it goes on behind the last whole line, at the same version. */
async function exportLines({ flag, kind, output, ...options }: ExportOptions): Promise<void> {
  const api = connect(options);
  const out = output === undefined ? process.stdout : createWriteStream(output);
  let place: Query = {};
  for (let attempt = 1, isOver = false; !isOver; attempt++) {
    const response = await api.open({ path: `${PATH}/export`, query: { flag, kind, ...place }, patienceMs: PATIENCE_MS });
    const version = response.headers.get('etag')?.match(/\.(\d+)"/)?.[1];
    try {
      if (response.body) {
        for await (const { bytes, last } of partsOf(response.body, true)) {
          if (!out.write(bytes)) await once(out, 'drain');
          place = { version, after: placeOf(last) };
          attempt = 1;
        }
      }
      isOver = true;
    } catch (error) {
      if (error instanceof SyntaxError || attempt >= 3) throw new Failure(`the export was cut: ${messageOf(error)}`, EXIT.unavailable);
    }
  }
  if (out !== process.stdout) {
    out.end();
    await once(out, 'finish');
  }
}

/** Returns the place of a line's owner, as the server goes on behind it. */
function placeOf(line: string): string {
  const { customerId, organizationId } = JSON.parse(line) as { readonly customerId?: string; readonly organizationId?: string };
  return customerId === undefined ? `organizations/${organizationId}` : `customers/${customerId}`;
}
