/** The commands for API tokens, by which programs call a server: `token create`, `list` and `revoke`. */
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
import { lifetime } from './values.js';

const PATH = '/api/admin/tokens';
/** The roles that a program may have. */
const ROLES = ['viewer', 'operator', 'admin'];

interface CreateOptions extends ChangeOptions {
  readonly name: string;
  readonly role: string;
  /** The milliseconds for which the token is valid. */
  readonly expires?: number;
}

/** An API token, without its secret. */
interface ApiToken extends Validity {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** The prefix and the last characters of the token. */
  readonly hint: string;
  /** The beginning of the hour in which the token was last used; absent if the server knows of no use. */
  readonly lastUsed?: string;
}

export function addApiTokenCommands(token: Command): void {
  withExample(
    forChange(token.command('create').description('Make an API token, by which a program calls the server, and print it this once.')),
    'twinflag token create --name ci --role viewer --expires 90d',
  )
    .requiredOption('--name <name>', 'its name: the trail names what it does "token:" and the name')
    .addOption(new Option('--role <role>', 'its role, not above yours').choices(ROLES).makeOptionMandatory())
    .option('--expires <time>', 'how long it is valid, such as 12h or 365d, the longest; 90d by default', lifetime)
    .action(create);
  withExample(forApi(token.command('list').description('List the API tokens of the environment.')), 'twinflag token list').action(list);
  withExample(
    withYes(
      forChange(token.command('revoke <token>').description('Revoke an API token, by its name or its id: nobody gets in by it any more.')),
    ),
    'twinflag token revoke ci --yes --reason "the pipeline moved"',
  ).action(revoke);
}

async function create({ name, role, expires, ...options }: CreateOptions): Promise<void> {
  const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires).toISOString();
  const { body } = await connect(options).ask<Written & { readonly token: string | null }>({
    method: 'POST',
    path: PATH,
    body: { name, role, expiresAt, reason: options.reason },
  });
  // The answer to a request that was sent again has no secret.
  if (body.token === null)
    throw new Failure(
      'the token was made, and the answer with it was lost',
      EXIT.failed,
      `revoke it, and make one with another name: twinflag token revoke ${name}`,
    );
  if (options.json) return printJson(body);
  printLine(body.token);
  printNote('note: this is the only time that the token is shown');
}

async function list(options: ApiOptions): Promise<void> {
  const tokens = await tokensOf(connect(options));
  if (options.json) return printJson({ tokens });
  const rows = tokens.map(token => [token.name, token.role, token.hint, endOf(token), token.lastUsed?.slice(0, 10) ?? '-', token.id]);
  printTable(['NAME', 'ROLE', 'TOKEN', 'VALID', 'LAST USED', 'ID'], rows, 'no API tokens');
}

async function revoke(named: string, options: ChangeOptions & ConfirmedOptions): Promise<void> {
  const api = connect(options);
  const tokens = await tokensOf(api);
  // An earlier token may have had the name.
  const token = tokens.find(({ id }) => id === named) ?? tokens.find(each => each.name === named && isValid(each));
  if (token === undefined)
    throw new Failure(`no valid API token has the name or the id "${named}"`, EXIT.failed, '`twinflag token list` shows them');
  await confirm(`revoke the token ${token.name}, so that no program gets in by it?`, options);
  const path = `${PATH}/${encodeURIComponent(token.id)}`;
  printWritten((await api.ask<Written>({ method: 'DELETE', path, query: { reason: options.reason } })).body, options);
}

async function tokensOf(api: Api): Promise<readonly ApiToken[]> {
  return (await api.ask<{ tokens: readonly ApiToken[] }>({ path: PATH })).body.tokens;
}
