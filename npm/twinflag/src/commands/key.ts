/** The commands for keys, by which pages and servers ask for flags: `key create`, `list`, `rotate` and `revoke`. */
import { type Command, Option } from 'commander';

import type { Api } from '../api.js';
import { EXIT, Failure } from '../failure.js';
import { printJson, printLine, printNote, printTable } from '../output.js';
import { endOf, isValid, type Validity } from '../validity.js';
import type { Written } from '../wire.js';
import {
  type ApiOptions,
  type ChangeOptions,
  type ConfirmedOptions,
  confirm,
  connect,
  forApi,
  forChange,
  printWritten,
  withExample,
  withYes,
} from './common.js';
import { lifetime, names } from './values.js';

const PATH = '/api/admin/keys';

interface CreateOptions extends ChangeOptions {
  readonly kind: string;
  readonly label: string;
  readonly origins?: readonly string[];
  readonly tags?: readonly string[];
  readonly customer?: string;
  readonly organization?: string;
  readonly signed?: boolean;
  readonly signedAttributes?: readonly string[];
  /** The milliseconds for which the key is valid. */
  readonly expires?: number;
}

interface RotateOptions extends ChangeOptions {
  /** The milliseconds for which the old key stays valid. */
  readonly overlap?: number;
}

/** A key, without its secret. */
interface Key extends Validity {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  /** The prefix and the last characters of the key. */
  readonly hint: string;
  readonly origins: readonly string[];
  readonly tags: readonly string[];
  readonly identity: { readonly kind: string; readonly attributes?: readonly string[] };
}

/** The answer to a request that makes a key. The texts are `null` in the answer to one that was sent again. */
interface KeyMade extends Written {
  readonly key: string | null;
  readonly identitySecret?: string | null;
}

export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('The keys by which pages and servers ask for flags.');
  withExample(
    forChange(key.command('create').description('Make a key, and print it this once.')),
    'twinflag key create --kind client --label shop --origins https://shop.example',
    'twinflag key create --kind server --label checkout --expires 365d',
  )
    .addOption(new Option('--kind <kind>', 'client for pages, server for servers').choices(['client', 'server']).makeOptionMandatory())
    .requiredOption('--label <text>', 'its name in the list')
    .option('--origins <origins>', 'of a client key: origins whose pages may use it, with commas between, or * for any', names)
    .option('--tags <tags>', 'of a client key: it sees only flags with one of these tags', names)
    .option('--customer <id>', 'of a client key: its answers are those of this customer, whatever a page says')
    .option('--organization <id>', 'the same of an organization')
    .option('--signed', "of a client key: pages prove who they are by a token that the customer's server signs")
    .option('--signed-attributes <names>', 'of a signed key: further attributes that count only as the token has them, such as plan', names)
    .option('--expires <time>', 'how long it is valid, such as 12h or 365d; for ever by default', lifetime)
    .action(create);
  withExample(
    forApi(key.command('list').description('List the keys of the environment, without their secrets.')),
    'twinflag key list',
  ).action(list);
  withExample(
    forChange(key.command('rotate <key>').description('Make a successor of a key, by its label or its id, and print it this once.')),
    'twinflag key rotate shop --overlap 7d --reason "the yearly change"',
  )
    .option('--overlap <time>', 'how long the old key stays valid, such as 12h or 7d; a day by default', lifetime)
    .action(rotate);
  withExample(
    withYes(forChange(key.command('revoke <key>').description('Revoke a key, by its label or its id: nobody gets in by it any more.'))),
    'twinflag key revoke checkout --yes --reason "it was in a log"',
  ).action(revoke);
}

async function create({ kind, label, origins, tags, expires, ...options }: CreateOptions): Promise<void> {
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires).toISOString();
  const body = { kind, label, origins, tags, identity: identityOf(options), expiresAt, reason: options.reason };
  printMade((await connect(options).ask<KeyMade>({ method: 'POST', path: PATH, body })).body, label, options);
}

function identityOf({ customer, organization, signed, signedAttributes }: Omit<CreateOptions, 'kind' | 'label'>): object | undefined {
  const pinned = { customerId: customer, organizationId: organization };
  if (signedAttributes && !signed) throw new Failure('--signed-attributes needs --signed', EXIT.usage, 'add --signed');
  if (customer === undefined && organization === undefined) return signed ? { kind: 'signed', attributes: signedAttributes } : undefined;
  if (signed) throw new Failure('a key is either signed or of one customer or organization', EXIT.usage);
  return { kind: 'pinned', ...pinned };
}

async function list(options: ApiOptions): Promise<void> {
  const keys = await keysOf(connect(options));
  if (options.json) return printJson({ keys });
  const rows = keys.map(key => [
    key.label,
    key.kind,
    key.hint,
    endOf(key),
    key.identity.kind + (key.identity.attributes ? ` (${key.identity.attributes.join(', ')})` : ''),
    listed(key.origins),
    listed(key.tags),
    key.id,
  ]);
  printTable(['LABEL', 'KIND', 'KEY', 'VALID', 'IDENTITY', 'ORIGINS', 'TAGS', 'ID'], rows, 'no keys');
}

const listed = (texts: readonly string[]): string => texts.join(', ') || '-';

async function rotate(named: string, { overlap, ...options }: RotateOptions): Promise<void> {
  const api = connect(options);
  const { id, label } = await keyOf(api, named);
  const path = `${PATH}/${encodeURIComponent(id)}/rotate`;
  printMade((await api.ask<KeyMade>({ method: 'POST', path, body: { overlap, reason: options.reason } })).body, label, options);
}

async function revoke(named: string, options: ChangeOptions & ConfirmedOptions): Promise<void> {
  const api = connect(options);
  const key = await keyOf(api, named);
  await confirm(`revoke the ${key.kind} key ${key.label}, so that nobody is answered by it?`, options);
  const path = `${PATH}/${encodeURIComponent(key.id)}`;
  printWritten((await api.ask<Written>({ method: 'DELETE', path, query: { reason: options.reason } })).body, options);
}

/** Prints the text of a new key on standard output. The secret of signed identities follows on a line of its own. */
function printMade(made: KeyMade, label: string, { json }: ApiOptions): void {
  if (made.key === null)
    throw new Failure(
      'the key was made, and the answer with it was lost',
      EXIT.failed,
      `\`twinflag key list\` shows its id: revoke it by that, and make another with the label ${label}`,
    );
  if (json) {
    printJson(made);
    return;
  }
  printLine(made.key);
  if (made.identitySecret) {
    printLine(made.identitySecret);
    printNote('note: the second line is the secret with which your server signs identities');
  }
  printNote(`note: this is the only time that the ${made.identitySecret ? 'texts are' : 'key is'} shown`);
}

async function keysOf(api: Api): Promise<readonly Key[]> {
  return (await api.ask<{ keys: readonly Key[] }>({ path: PATH })).body.keys;
}

/** Returns the key with an id, or else the only valid one with a label. */
async function keyOf(api: Api, named: string): Promise<Key> {
  const keys = await keysOf(api);
  const byId = keys.find(({ id }) => id === named);
  if (byId) return byId;
  const [first, ...others] = keys.filter(key => key.label === named && isValid(key));
  if (first === undefined)
    throw new Failure(`no valid key has the label or the id "${named}"`, EXIT.failed, '`twinflag key list` shows them');
  if (others.length > 0)
    throw new Failure(
      `${others.length + 1} valid keys have the label "${named}"`,
      EXIT.failed,
      'name the key by its id: `twinflag key list`',
    );
  return first;
}
