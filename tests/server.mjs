// The worker under test: `cargo xtask dev` on a free port, in a folder of its own, killed without notice at the end.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { outputOf } from './output.mjs';
import { spawnTied } from './tied.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PATIENCE_MS = 30_000;

/** A folder for one server's data; `remove` it at the end. */
export async function dataFolder() {
  const path = await mkdtemp(join(tmpdir(), 'twinflag-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Starts a server and waits until it answers.
 *
 * @param {{ data: string, document?: object | string, rateLimits?: string, off?: boolean, more?: string[] }} options `document`: for an empty store; else
 *   the example flags. `rateLimits`: how much is let pass a minute; without it, everything. `off`: whether all flags are switched off.
 *   `more`: other options of `cargo xtask dev`.
 */
export async function startServer({ data, document, rateLimits = 'off', off = false, more = [] }) {
  const port = await freePort();
  // That of an earlier start names another port.
  await rm(join(data, 'dev.json'), { force: true });
  const options = ['--no-build', '--port', String(port), '--data', data, '--rate-limits', rateLimits, ...more];
  if (document !== undefined) {
    const file = join(data, 'given.json');
    await writeFile(file, typeof document === 'string' ? document : JSON.stringify(document));
    options.push('--flags', file);
  }
  if (off) options.push('--off');
  const [program, ...first] = process.env.XTASK ? [process.env.XTASK] : ['cargo', 'xtask'];
  const child = spawnTied(program, [...first, 'dev', ...options], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = outputOf(child);
  // Not only over, but heard out.
  const ended = new Promise(resolve => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const dev = await description(join(data, 'dev.json'), ended, output.said);
    return { ...dev, stop, ...output, ...requesters(dev) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Requests with the keys of one server; each gives up in time. */
export function requesters({ url, adminToken, clientKey, serverKey }) {
  const request = async (path, { method = 'POST', token, headers, body, ...rest } = {}) => {
    const text = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const authorization = token ? { authorization: `Bearer ${token}` } : {};
    const init = { method, body: text, headers: { 'content-type': 'application/json', ...authorization, ...headers }, ...rest };
    const response = await fetch(url + path, { signal: AbortSignal.timeout(PATIENCE_MS), ...init });
    // A stream of events has no end to wait for.
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    const bytes = isStream ? Buffer.alloc(0) : Buffer.from(await response.arrayBuffer());
    if (isStream) await response.body?.cancel();
    return {
      status: response.status,
      headers: response.headers,
      type: response.headers.get('content-type'),
      bytes,
      text: bytes.toString(),
      json: () => JSON.parse(bytes),
    };
  };
  return {
    request,
    asClient: (path, options) => request(path, { token: clientKey, ...options }),
    asServer: (path, options) => request(path, { token: serverKey, ...options }),
    /** Sends an administrator's request at any version, and allows what an import takes away: a test of either names its own. */
    asAdmin: async (path, options) => {
      const ask = (headers, to = path, body = options?.body) =>
        request(to, { token: adminToken, ...options, body, headers: { ...headers, ...options?.headers } });
      if (options?.method !== 'PUT') return ask({});
      let answer = await ask({ 'if-match': '*' });
      // An empty hub has no document to match.
      if (answer.status === 412 && !answer.headers.has('etag') && !options.headers?.['if-match']) return ask({});
      if (!path.startsWith('/api/admin/document')) return answer;
      for (let to = path, tries = 0; tries < 4; tries++) {
        const more = permission(answer);
        if (more === null || (more === '' && options.headers?.['if-match'])) return answer;
        if (more === '')
          await ask({ 'if-match': '*' }, `${path}${path.includes('?') ? '&' : '?'}remove=flags&remove=segments`, '{"schema":"twinflag/1"}');
        else to += `${to.includes('?') ? '&' : '?'}${more}`;
        answer = await ask({ 'if-match': '*' }, to);
      }
      return answer;
    },
    /** Answers of `POST /v1/evaluate`. */
    evaluate: async (...evaluations) => {
      const answer = await request('/v1/evaluate', { token: serverKey, body: { evaluations } });
      if (answer.status !== 200) throw new Error(answer.text);
      return answer.json().results;
    },
  };
}

/** The parameters that allow a refused import; empty if it must be imported over nothing, null if the refusal is another. */
function permission(answer) {
  if (answer.status !== 409 && answer.status !== 422) return null;
  const { code, consequences, detail } = answer.json();
  if (code.startsWith('OTHER_')) return detail.match(/\?(new(?:Environment|BucketKey)=\S+)$/)?.[1] ?? null;
  if (code !== 'UNSAFE_CHANGE') return null;
  const named = consequences.filter(({ allowed }) => !allowed);
  return named.every(({ remove }) => remove) && named.length < 50
    ? named.map(({ remove }) => `remove=${encodeURIComponent(remove)}`).join('&')
    : '';
}

async function description(file, ended, said) {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 20))) {
    if (over) break;
    try {
      return JSON.parse(await readFile(file, 'utf8'));
    } catch {
      // Not there yet.
    }
  }
  throw new Error(`the server did not start\n${said()}`);
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
