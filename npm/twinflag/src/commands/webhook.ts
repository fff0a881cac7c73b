/** The commands for webhooks, by which a server tells others of changes: `webhook add`, `list`, `test` and `remove`. */
import { type Command, Option } from 'commander';

import type { Api } from '../api.js';
import { EXIT, Failure } from '../failure.js';
import { printJson, printLine, printNote, printTable } from '../output.js';
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

const PATH = '/api/admin/webhooks';
const FORMATS = ['generic', 'slack'];
/** The kinds of changes that a webhook can be told of. */
const KINDS = ['change', 'rollback', 'held', 'key', 'schedule', 'break-glass'];

interface AddOptions extends ChangeOptions {
  readonly label: string;
  readonly format: string;
  readonly on?: readonly string[];
  readonly private?: boolean;
}

/** A webhook, without its secret and the path of its address. */
interface Webhook {
  readonly id: string;
  readonly label: string;
  readonly url: string;
  readonly format: string;
  readonly kinds: readonly string[];
  readonly enabled: boolean;
  readonly disabledAt?: string;
  readonly failingSince?: string;
}

/** The outcome of a test. */
interface Tried {
  readonly delivered: boolean;
  readonly status?: number;
  readonly error?: string;
  readonly milliseconds: number;
}

export function addWebhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('Webhooks: targets that the server tells of changes.');
  withExample(
    forChange(
      webhook.command('add <url>').description('Tell a target of changes, and print the secret that signs the messages, this once.'),
    ),
    'twinflag webhook add https://hooks.example/twinflag --label archive',
    'twinflag webhook add "$SLACK_URL" --label "on call" --format slack --on rollback held break-glass',
  )
    .requiredOption('--label <text>', 'what the target is, for operators')
    .addOption(new Option('--format <format>', 'the form of the messages').choices(FORMATS).default('generic'))
    .addOption(new Option('--on <kind...>', 'the kinds of changes that it is told of; all by default').choices(KINDS))
    .option('--private', 'the target is in a private network, which the server must allow')
    .action(add);
  withExample(forApi(webhook.command('list').description('List the webhooks of the environment.')), 'twinflag webhook list').action(list);
  withExample(
    forApi(webhook.command('test <webhook>').description('Send a message that tells of no change, now; by the label or the id.')),
    'twinflag webhook test archive',
  ).action(test);
  withExample(
    withYes(forChange(webhook.command('remove <webhook>').description('Remove a webhook, by its label or its id.'))),
    'twinflag webhook remove archive --yes --reason "it moved"',
  ).action(remove);
}

async function add(url: string, { label, format, on, private: isPrivate, ...options }: AddOptions): Promise<void> {
  const { body } = await connect(options).ask<Written & { readonly secret: string | null }>({
    method: 'POST',
    path: PATH,
    body: { label, url, format, kinds: on, private: isPrivate, reason: options.reason },
  });
  // The answer to a request that was sent again has no secret.
  if (body.secret === null)
    throw new Failure(
      'the webhook was made, and the answer with its secret was lost',
      EXIT.failed,
      'remove it, and make it again: `twinflag webhook list` shows its id',
    );
  if (options.json) return printJson(body);
  printLine(body.secret);
  printNote('note: this is the only time that the secret is shown');
}

async function list(options: ApiOptions): Promise<void> {
  const webhooks = await webhooksOf(connect(options));
  if (options.json) return printJson({ webhooks });
  const rows = webhooks.map(webhook => [webhook.label, webhook.format, webhook.url, kindsOf(webhook), stateOf(webhook), webhook.id]);
  printTable(['LABEL', 'FORMAT', 'TARGET', 'TOLD OF', 'STATE', 'ID'], rows, 'no webhooks');
}

async function test(named: string, options: ApiOptions): Promise<void> {
  const api = connect(options);
  const { id } = await webhookOf(api, named);
  const { body } = await api.ask<Tried>({ method: 'POST', path: `${PATH}/${encodeURIComponent(id)}/test` });
  if (!body.delivered) throw new Failure(`the target did not take the message: ${body.error}`, EXIT.failed);
  if (options.json) return printJson(body);
  printLine(`the target took the message: ${body.status}, in ${body.milliseconds} ms`);
}

async function remove(named: string, options: ChangeOptions & ConfirmedOptions): Promise<void> {
  const api = connect(options);
  const { id, label } = await webhookOf(api, named);
  await confirm(`remove the webhook ${label}, so that its target is told nothing more?`, options);
  const path = `${PATH}/${encodeURIComponent(id)}`;
  printWritten((await api.ask<Written>({ method: 'DELETE', path, query: { reason: options.reason } })).body, options);
}

async function webhooksOf(api: Api): Promise<readonly Webhook[]> {
  return (await api.ask<{ webhooks: readonly Webhook[] }>({ path: PATH })).body.webhooks;
}

/** The webhook with an id, or the only one with a label. */
async function webhookOf(api: Api, named: string): Promise<Webhook> {
  const webhooks = await webhooksOf(api);
  const labelled = webhooks.filter(({ label }) => label === named);
  const found = webhooks.find(({ id }) => id === named) ?? (labelled.length === 1 ? labelled[0] : undefined);
  if (found !== undefined) return found;
  const many = labelled.length > 1 ? `${labelled.length} webhooks have` : 'no webhook has';
  throw new Failure(`${many} the label or the id "${named}"`, EXIT.failed, '`twinflag webhook list` shows their ids');
}

function kindsOf({ kinds }: Webhook): string {
  return kinds.length === KINDS.length ? 'everything' : kinds.join(', ');
}

function stateOf({ enabled, disabledAt, failingSince }: Webhook): string {
  const day = (moment: string): string => moment.slice(0, 10);
  if (!enabled) return disabledAt === undefined ? 'disabled' : `given up ${day(disabledAt)}`;
  return failingSince === undefined ? 'ok' : `failing since ${failingSince.slice(0, 16)}`;
}
