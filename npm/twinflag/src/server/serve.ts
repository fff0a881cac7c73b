/** The servers of `twinflag serve` and `twinflag dev`: the worker in workerd, on a data folder. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { tokenSettings } from '../deployment.js';
import { EXIT, Failure, messageOf } from '../failure.js';
import { Folder, type Running, type Secrets } from '../folder.js';
import { printNote } from '../output.js';
import { ASSETS, CONFIGURATION, EXAMPLE_FLAGS, POSTGRES_CONFIGURATION, RELEASE } from '../package.js';
import { misspelt, nearest, type Settings, settingNames } from '../settings.js';
import { LONGEST_MINUTES, mint } from '../token.js';
import { lock } from './lock.js';
import { startWorkerd, type Workerd } from './workerd.js';

/** The time that a started worker gets to answer from its store. */
const PATIENCE_MS = 30_000;
/** The time that open requests get to end after a signal. */
const GRACE_MS = 5_000;
/** The time after which the token in `dev.json` is replaced: half of its life. */
const RENEWAL_MS = LONGEST_MINUTES * 30_000;

/** The options of both servers. */
export interface ServerOptions {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  /** The file of the document that an empty store imports. */
  readonly flags?: string;
  /** The address of the Postgres in which the hub keeps everything; by default the setting `STORE`. */
  readonly store?: string;
  /** Settings beside those of the environment. */
  readonly set?: readonly (readonly [name: string, value: string])[];
}

/** The options of `serve`. */
export interface ServeOptions extends ServerOptions {
  /** The name of the environment of an empty store's document. */
  readonly environment: string;
}

/** The options of `dev`. */
export interface DevOptions extends ServerOptions {
  readonly rateLimits?: string;
  /** Switches all flags off. */
  readonly off?: boolean;
  /** Lets requests set the time. */
  readonly testClock?: boolean;
}

/** A server that answers. */
interface Started {
  readonly folder: Folder;
  readonly secrets: Secrets;
  readonly settings: Settings;
  /** True if the folder had no secrets before. */
  readonly isFirst: boolean;
  readonly url: string;
  readonly workerd: Workerd;
}

/** Serves a deployment until a signal ends it. Its log begins with one line of JSON. */
export async function serve(options: ServeOptions): Promise<void> {
  const document =
    options.flags === undefined
      ? JSON.stringify({ schema: 'twinflag/1', environment: options.environment, flags: {} })
      : readDocument(options.flags);
  // Neither is for a server that matters, whatever the environment says.
  const closed = { DEMO: 'off', TEST_CLOCK: 'off' };
  for (const [name] of options.set ?? []) {
    if (name in closed) throw new Failure(`the setting ${name} is for \`twinflag dev\` alone`, EXIT.usage);
  }
  await run(options, document, closed, async started => {
    const { folder, url, workerd } = started;
    // The line has no environments if the worker refuses to list them: the store cannot be read, or other tokens than ours give roles.
    const environments = await environmentsOf(started).catch(() => undefined);
    const version = await get(`${url}/version`);
    const line = {
      time: new Date().toISOString(),
      event: 'started',
      url,
      ...version,
      environments,
      data: folder.path,
      workerd: workerd.process.pid,
    };
    console.log(JSON.stringify(line));
    if (started.isFirst) console.log(firstKeys(started));
  });
}

/**
 * Serves the example flags and the demo page until a signal ends it.
 *
 * `dev.json` in its folder has the addresses, the keys and an administrator's token, for scripts.
 */
export async function dev(options: DevOptions): Promise<void> {
  const settings = {
    // A development server answers pages of every origin, and explains its answers to them.
    CLIENT_ORIGINS: '*',
    DEMO: 'on',
    ...(options.rateLimits !== undefined && { RATE_LIMITS: options.rateLimits }),
    ...(options.off && { FEATURE_FLAGS_ENABLED: 'false' }),
    ...(options.testClock && { TEST_CLOCK: 'on' }),
  };
  await run(options, readDocument(options.flags ?? EXAMPLE_FLAGS), settings, started => {
    const { folder, url, workerd } = started;
    const { clientKey, serverKey } = started.secrets;
    const demo = `${url}/demo`;
    const dashboard = `${url}/dashboard/admin/feature-flags`;
    const write = () => {
      const adminToken = serviceToken(started, 'developer', LONGEST_MINUTES);
      folder.write('dev.json', { url, demo, dashboard, adminToken, clientKey, serverKey });
    };
    write();
    setInterval(write, RENEWAL_MS).unref();
    console.log(`twinflag  ${url}   (release ${RELEASE}; workerd is process ${workerd.process.pid})`);
    console.log(`demo      ${demo}`);
    console.log(`dashboard ${dashboard}`);
    console.log(`Ctrl-C stops it; the data stays in ${folder.path}`);
    if (started.isFirst) console.log(firstKeys(started));
  });
}

async function run(
  options: ServerOptions,
  document: string,
  ours: Settings,
  announce: (started: Started) => void | Promise<void>,
): Promise<void> {
  const given = settingsOf(options);
  const folder = new Folder(options.data);
  folder.prepare();
  folder.checkStore();
  const held = lock(folder);
  // A program that waits for these files must not read those of an earlier start.
  for (const name of ['dev.json', 'server.json']) folder.remove(name);
  const kept = folder.secrets();
  const made = kept ?? folder.makeSecrets();
  const { JWT_SECRET: jwtSecret = made.jwtSecret, CLIENT_KEY: clientKey = made.clientKey, SERVER_KEY: serverKey = made.serverKey } = given;
  const secrets = { jwtSecret, clientKey, serverKey };
  const isNew = readdirSync(folder.in('store')).length === 0;
  writeFileSync(folder.in('import/flags.json'), document);

  const workerd = await startWorkerd({
    host: options.host,
    port: options.port,
    held,
    settings: { ...given, JWT_SECRET: jwtSecret, CLIENT_KEY: clientKey, SERVER_KEY: serverKey, ...ours },
    options: [
      '--directory-path',
      `store=${folder.in('store')}`,
      '--directory-path',
      `import=${folder.in('import')}`,
      '--directory-path',
      `assets=${ASSETS}`,
      given.STORE ? POSTGRES_CONFIGURATION : CONFIGURATION,
    ],
  });
  const isStopped = stopOnSignals(workerd);
  try {
    // A server on all addresses answers on this one, too.
    const host = ['0.0.0.0', '::'].includes(options.host) ? '127.0.0.1' : options.host;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${workerd.port}`;
    await healthy(url, isNew, options.flags, workerd);
    folder.write('server.json', { url, pid: process.pid, tokens: tokenSettings(given) } satisfies Running);
    await announce({ folder, secrets, settings: given, isFirst: kept === undefined, url, workerd });
  } catch (error) {
    workerd.process.kill('SIGKILL');
    await workerd.ended;
    if (!isStopped()) throw error;
  }
  const reason = await workerd.ended;
  folder.remove('server.json');
  if (!isStopped()) throw new Failure(`workerd ended: ${reason}`);
}

/** Ends workerd on the first signal as soon as its requests are answered, and on the second at once. Returns whether there was one. */
function stopOnSignals({ process: child }: Workerd): () => boolean {
  let isStopped = false;
  const kill = (): void => void child.kill('SIGKILL');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopped) return kill();
      isStopped = true;
      console.error('stopping; waiting for open requests, another signal does not wait');
      child.kill('SIGTERM');
      // workerd waits for its last client, which may be a page that stays open.
      setTimeout(kill, GRACE_MS).unref();
    });
  }
  return () => isStopped;
}

/** Returns the settings of the environment and of the command line. Warns of names that are nearly those of settings. */
function settingsOf({ set = [], store }: ServerOptions): Settings {
  const known = settingNames();
  const unknown = set.map(([name]) => name).find(name => !known.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, known);
    throw new Failure(
      `${unknown} is no setting${meant === undefined ? '' : `: is ${meant} meant?`}`,
      EXIT.usage,
      `the settings are ${known.join(', ')}`,
    );
  }
  for (const warning of misspelt(process.env, known)) printNote(`warning: ${warning}`);
  return { ...process.env, ...Object.fromEntries(set), ...(store !== undefined && { STORE: store }) };
}

function readDocument(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`cannot read the document ${file}: ${messageOf(error)}`);
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Failure(`the document ${file} is not JSON: ${messageOf(error)}`);
  }
  return text;
}

/**
 * Waits until the worker answers from its store. Fails if a setting is refused, or the first document of a store.
 *
 * Any other refusal is a warning: an operator repairs a store through the running worker, by an import or a restore.
 */
async function healthy(url: string, isNew: boolean, document: string | undefined, workerd: Workerd): Promise<void> {
  let isOver = false;
  void workerd.ended.then(() => {
    isOver = true;
  });
  let problem: { code?: string; detail?: string } | undefined;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end && !isOver; await pause(20)) {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
    if (response?.ok) return;
    problem = (await response?.json().catch(() => undefined)) as typeof problem;
    if (problem?.code === 'SETTING_INVALID') throw new Failure(problem.detail ?? 'a setting is refused');
    if (problem?.code === 'DOCUMENT_REFUSED' && isNew) throw new Failure(`the document ${document ?? ''} is refused: ${problem.detail}`);
  }
  if (isOver) throw new Failure(`workerd ended: ${await workerd.ended}`);
  if (problem === undefined) throw new Failure(`no answer from ${url}/health within ${PATIENCE_MS / 1000} s`);
  console.error(`warning: the worker does not evaluate: ${problem.detail}`);
}

async function environmentsOf(started: Started): Promise<readonly (string | null)[]> {
  const token = serviceToken(started, 'twinflag serve', 1);
  const { environments } = (await get(`${started.url}/api/admin/environments`, token)) as {
    environments: readonly { name: string | null }[];
  };
  return environments.map(({ name }) => name);
}

/** Returns a token that this deployment accepts, with the issuer and the audience in its settings. */
function serviceToken({ secrets, settings }: Started, subject: string, minutes: number): string {
  const { issuer, audience } = tokenSettings(settings);
  return mint(secrets.jwtSecret, { subject, role: 'service', minutes, issuer, audience });
}

async function get(url: string, token?: string): Promise<object> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Failure(`${new URL(url).pathname} is answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as object;
}

/** Tells the first keys. The server key is secret: it goes to a terminal, and in a log the place where it stands. */
function firstKeys({ folder, secrets: { clientKey, serverKey }, settings, url }: Started): string {
  const file = folder.in('keys.json');
  const isShown = process.stdout.isTTY;
  const isOurs = settings.SERVER_KEY === undefined;
  const place = isOurs ? `"serverKey" in ${file}` : 'the setting SERVER_KEY';
  const inShell = isOurs ? `'"$(node -p 'require(process.argv[1]).serverKey' ${quoted(file)})"'` : `'"$SERVER_KEY"'`;
  return [
    `The first keys, told only now. ${file} has those that no setting gives, and only its owner can read it.`,
    `  client key, for pages:    ${clientKey}`,
    `  server key, for servers:  ${isShown ? serverKey : place}`,
    `Make a flag, and ask for all flags:`,
    `  npx twinflag create new_checkout --unit userId --data ${folder.path}`,
    `  ${curl(url, isShown ? serverKey : inShell)}`,
    `A page that another server serves is let in by its origin: twinflag serve --set CLIENT_ORIGINS=http://localhost:3000`,
  ].join('\n');
}

/** Quotes a text for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl(url: string, key: string): string {
  return `curl -s ${url}/ofrep/v1/evaluate/flags -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '{"context":{"targetingKey":"ada"}}'`;
}
