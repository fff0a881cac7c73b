/** The data folder of a server: its secrets, its store, and the document that an empty store imports. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

import type { TokenSettings } from './deployment.js';
import { EXIT, Failure, messageOf } from './failure.js';

/** The data folder of commands that name none, in the working directory. */
export const DEFAULT_FOLDER = '.twinflag';
/** The beginning of a database file. */
const SQLITE = Buffer.from('SQLite format 3\0');

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
    if (statSync(this.path, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new Failure(`${this.path} is a file: name the data folder of a server with --data`, EXIT.usage);
  }

  in(name: string): string {
    return join(this.path, name);
  }

  /** Makes the folder, which only its owner can read, and the folders in it. Fails if this process cannot use one of them. */
  prepare(): void {
    for (const path of [this.path, this.in('store'), this.in('import')]) {
      try {
        mkdirSync(path, { recursive: true, mode: 0o700 });
        accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
      } catch (error) {
        throw new Failure(`cannot use the folder ${path}: ${messageOf(error)}`);
      }
    }
  }

  /** Fails if this process cannot use a file of the store, or if a database of it is none: workerd would try again and again. */
  checkStore(): void {
    const store = this.in('store');
    for (const name of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
      const path = join(store, name);
      try {
        accessSync(path, constants.R_OK | constants.W_OK);
        if (name.endsWith('.sqlite')) checkDatabase(path);
      } catch (error) {
        throw new Failure(`cannot use the store: ${messageOf(error)}`, EXIT.failed, 'put a backup of the data folder in its place');
      }
    }
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

/** Throws if a file is no database of SQLite. An empty one becomes one. */
function checkDatabase(path: string): void {
  const begin = Buffer.alloc(SQLITE.length);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, begin) > 0 && !begin.equals(SQLITE)) throw new Error(`${path} is no database`);
  } finally {
    closeSync(file);
  }
}

function damaged(file: string, cure: string): Failure {
  return new Failure(`${file} is damaged; ${cure}`);
}
