// Public OFREP providers of other languages, each in a program that reads questions and prints the client's details.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { ownMetadata } from '../providers.mjs';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));
/** The folder that the programs are installed in, inside the checkout. */
const INSTALLED = fileURLToPath(new URL('../../../target/providers/', import.meta.url));
const PATIENCE_MS = 60_000;

/** Installs the provider for Python by its lock file; answers the command that runs the program. */
export async function installPython() {
  await mkdir(INSTALLED, { recursive: true });
  const environment = join(INSTALLED, 'python');
  await run('python3', ['-m', 'venv', environment]);
  const python = join(environment, 'bin/python');
  const locked = ['--require-hashes', '--only-binary', ':all:', '--requirement', join(HERE, 'python/requirements.txt')];
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...locked]);
  return [python, join(HERE, 'python/ask.py')];
}

/** Builds the program with the provider for Rust by its lock file; answers the command that runs it. */
export async function buildRust() {
  const target = join(INSTALLED, 'rust');
  const options = ['--quiet', '--locked', '--manifest-path', join(HERE, 'rust/Cargo.toml'), '--target-dir', target];
  await run('cargo', ['build', ...options], { maxBuffer: 16e6 });
  return [join(target, 'debug/tests-providers')];
}

/** Asks a program all questions, one after the other; its answers, with the flags' own metadata. */
export async function askAll([command, ...args], { url, clientKey }, cases) {
  const child = spawn(command, [...args, url, clientKey], { stdio: ['pipe', 'pipe', 'inherit'], timeout: PATIENCE_MS });
  const lines = cases.map(({ flag, fallback, kind, context = {} }) =>
    JSON.stringify({ flag, fallback, context, kind: kind ?? (typeof fallback === 'number' ? 'integer' : typeof fallback) }),
  );
  child.stdin.end(`${lines.join('\n')}\n`);
  const answers = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { metadata, ...rest } = JSON.parse(line);
    answers.push({ ...rest, metadata: ownMetadata(metadata) });
  }
  if (answers.length !== cases.length) throw new Error(`${answers.length} answers to ${cases.length} questions`);
  return answers;
}

/** Passes requests on to a server, and counts them by the status of their responses; `close` it at the end. */
async function counted(server) {
  const statuses = [];
  const proxy = createServer(async (request, response) => {
    const body = await new Response(request).text();
    const { authorization, 'content-type': type } = request.headers;
    const answer = await fetch(server.url + request.url, { method: 'POST', body, headers: { authorization, 'content-type': type } });
    statuses.push(answer.status);
    const names = ['content-type', 'retry-after'].filter(name => answer.headers.has(name));
    response.writeHead(answer.status, Object.fromEntries(names.map(name => [name, answer.headers.get(name)])));
    response.end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const close = () => {
    proxy.close();
    proxy.closeAllConnections();
  };
  return { statuses, url: `http://127.0.0.1:${proxy.address().port}`, clientKey: server.clientKey, close };
}

/** Asks five times where the worker answers three requests a minute; the answers, and the statuses of the requests that were sent. */
export async function askTooMuch(program, limited) {
  const proxy = await counted(limited);
  try {
    const answers = await askAll(program, proxy, Array(5).fill({ flag: 'on', fallback: false }));
    return { answers: answers.map(({ value, errorCode }) => [value, errorCode]), statuses: proxy.statuses };
  } finally {
    proxy.close();
  }
}
