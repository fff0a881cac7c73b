/** The servers of `twinflag serve` and `twinflag dev`: the worker in workerd, on a data folder. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { tokenSettings } from '../deployment.js';
import { Failure, messageOf } from '../failure.js';
import { Folder, type Running, type Secrets } from '../folder.js';
import { ASSETS, CONFIGURATION, EXAMPLE_FLAGS, RELEASE } from '../package.js';
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
  const settings = { DEMO: 'off', TEST_CLOCK: 'off' };
  await run(options, document, settings, async ({ folder, secrets, isFirst, url, workerd }) => {
    // The line has no environments if the worker refuses to list them: the store cannot be read, or other tokens than ours give roles.
    const environments = await environmentsOf(url, secrets).catch(() => undefined);
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
    if (isFirst) console.log(firstKeys(folder, secrets, url));
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
  await run(options, readDocument(options.flags ?? EXAMPLE_FLAGS), settings, ({ folder, secrets, isFirst, url, workerd }) => {
    const { clientKey, serverKey } = secrets;
    const demo = `${url}/demo`;
    const write = () => {
      const adminToken = serviceToken(secrets, 'developer', LONGEST_MINUTES);
      folder.write('dev.json', { url, demo, adminToken, clientKey, serverKey });
    };
    write();
    setInterval(write, RENEWAL_MS).unref();
    console.log(`twinflag  ${url}   (release ${RELEASE}; workerd is process ${workerd.process.pid})`);
    console.log(`demo      ${demo}`);
    console.log(`Ctrl-C stops it; the data stays in ${folder.path}`);
    if (isFirst) console.log(firstKeys(folder, secrets, url));
  });
}

async function run(
  options: ServerOptions,
  document: string,
  settings: Readonly<Record<string, string>>,
  announce: (started: Started) => void | Promise<void>,
): Promise<void> {
  const folder = new Folder(options.data);
  folder.prepare();
  const held = lock(folder);
  // A program that waits for these files must not read those of an earlier start.
  for (const name of ['dev.json', 'server.json']) folder.remove(name);
  const kept = folder.secrets();
  const made = kept ?? folder.makeSecrets();
  const {
    JWT_SECRET: jwtSecret = made.jwtSecret,
    CLIENT_KEY: clientKey = made.clientKey,
    SERVER_KEY: serverKey = made.serverKey,
  } = process.env;
  const secrets = { jwtSecret, clientKey, serverKey };
  const isNew = readdirSync(folder.in('store')).length === 0;
  writeFileSync(folder.in('import/flags.json'), document);

  const workerd = await startWorkerd({
    host: options.host,
    port: options.port,
    held,
    settings: {
      ...(process.env as Record<string, string>),
      JWT_SECRET: jwtSecret,
      CLIENT_KEY: clientKey,
      SERVER_KEY: serverKey,
      ...settings,
    },
    options: [
      '--directory-path',
      `store=${folder.in('store')}`,
      '--directory-path',
      `import=${folder.in('import')}`,
      '--directory-path',
      `assets=${ASSETS}`,
      CONFIGURATION,
    ],
  });
  const isStopped = stopOnSignals(workerd);
  try {
    // A server on all addresses answers on this one, too.
    const host = ['0.0.0.0', '::'].includes(options.host) ? '127.0.0.1' : options.host;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${workerd.port}`;
    await healthy(url, isNew, workerd);
    folder.write('server.json', { url, pid: process.pid, tokens: tokenSettings(process.env) } satisfies Running);
    await announce({ folder, secrets, isFirst: kept === undefined, url, workerd });
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

function readDocument(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`cannot read the document: ${messageOf(error)}`);
  }
}

/**
 * Waits until the worker answers from its store. Fails if a setting is refused, or the first document of a store.
 *
 * Any other refusal is a warning: an operator repairs a store through the running worker, by an import or a restore.
 */
async function healthy(url: string, isNew: boolean, workerd: Workerd): Promise<void> {
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
    if (problem?.code === 'DOCUMENT_REFUSED' && isNew) throw new Failure(`the document is refused: ${problem.detail}`);
  }
  if (isOver) throw new Failure(`workerd ended: ${await workerd.ended}`);
  if (problem === undefined) throw new Failure(`no answer from ${url}/health within ${PATIENCE_MS / 1000} s`);
  console.error(`warning: the worker does not evaluate: ${problem.detail}`);
}

async function environmentsOf(url: string, secrets: Secrets): Promise<readonly (string | null)[]> {
  const token = serviceToken(secrets, 'twinflag serve', 1);
  const { environments } = (await get(`${url}/api/admin/environments`, token)) as { environments: readonly { name: string | null }[] };
  return environments.map(({ name }) => name);
}

/** Returns a token that this deployment accepts, with the issuer and the audience in its settings. */
function serviceToken({ jwtSecret }: Secrets, subject: string, minutes: number): string {
  const { issuer, audience } = tokenSettings(process.env);
  return mint(jwtSecret, { subject, role: 'service', minutes, issuer, audience });
}

async function get(url: string, token?: string): Promise<object> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Failure(`${new URL(url).pathname} is answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as object;
}

/** Tells the first keys. The server key is secret: it goes to a terminal, and in a log the file stands for it. */
function firstKeys(folder: Folder, { clientKey, serverKey }: Secrets, url: string): string {
  const file = folder.in('keys.json');
  const isShown = process.stdout.isTTY;
  return [
    `The first keys, told only now. ${file} has them, and only its owner can read it.`,
    `  client key, for pages:    ${clientKey}`,
    `  server key, for servers:  ${isShown ? serverKey : `"serverKey" in ${file}`}`,
    `Make a flag, and ask for all flags:`,
    `  npx twinflag create new_checkout --data ${folder.path}`,
    `  ${curl(url, isShown ? serverKey : `'"$(node -p 'require(process.argv[1]).serverKey' ${quoted(file)})"'`)}`,
  ].join('\n');
}

/** Quotes a text for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl(url: string, key: string): string {
  return `curl -s ${url}/ofrep/v1/evaluate/flags -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '{"context":{"targetingKey":"ada"}}'`;
}
