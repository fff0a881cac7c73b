/** The data folder of a server: its secrets, its store, and the document that an empty store imports. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { TokenSettings } from './deployment.js';
import { Failure, messageOf } from './failure.js';

/** The data folder of commands that name none, in the working directory. */
export const DEFAULT_FOLDER = '.twinflag';

/** The secrets of a deployment. */
export interface Secrets {
  /** The secret that signs operators' tokens. */
  readonly jwtSecret: string;
  readonly clientKey: string;
  readonly serverKey: string;
}

/** The server that runs on a folder, for commands beside it. */
export interface Running {
  readonly url: string;
  /** The process that started the server. */
  readonly pid: number;
  readonly tokens: TokenSettings;
}

/** A data folder by its absolute path. */
export class Folder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  in(name: string): string {
    return join(this.path, name);
  }

  /** Makes the folder, which only its owner can read, and the folders in it. */
  prepare(): void {
    for (const path of [this.path, this.in('store'), this.in('import')]) mkdirSync(path, { recursive: true, mode: 0o700 });
  }

  /** Returns the folder's secrets, or `undefined` if it has none yet. */
  secrets(): Secrets | undefined {
    const file = this.in('keys.json');
    if (!existsSync(file)) return undefined;
    const kept = read(file, 'delete it to get new keys') as Partial<Record<string, unknown>>;
    const { jwtSecret, clientKey, serverKey } = kept;
    if (typeof clientKey !== 'string' || typeof serverKey !== 'string') throw damaged(file, 'delete it to get new keys');
    if (typeof jwtSecret === 'string') return { jwtSecret, clientKey, serverKey };
    if (jwtSecret !== undefined) throw damaged(file, 'delete it to get new keys');
    // A folder from a release without tokens has no secret.
    return this.#keep({ jwtSecret: random(32), clientKey, serverKey });
  }

  /** Makes the folder's secrets. */
  makeSecrets(): Secrets {
    return this.#keep({ jwtSecret: random(32), clientKey: `tf_client_${random(16)}`, serverKey: `tf_server_${random(16)}` });
  }

  #keep(secrets: Secrets): Secrets {
    this.write('keys.json', secrets);
    return secrets;
  }

  /** Returns the server that runs on the folder, or did when it was killed; `undefined` if none announced itself. */
  announced(): Running | undefined {
    const file = this.in('server.json');
    return existsSync(file) ? (read(file, 'delete it') as Running) : undefined;
  }

  /** Writes a JSON file that only its owner can read. The whole file appears at once. */
  write(name: string, content: object): void {
    const draft = this.in(`${name}.draft`);
    // The mode counts for a new file only.
    rmSync(draft, { force: true });
    writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(draft, this.in(name));
  }

  remove(name: string): void {
    rmSync(this.in(name), { force: true });
  }
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

function read(file: string, cure: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw damaged(file, `${cure}: ${messageOf(error)}`);
  }
}

function damaged(file: string, cure: string): Failure {
  return new Failure(`${file} is damaged; ${cure}`);
}
