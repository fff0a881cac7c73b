/**
 * A PostgreSQL server of its own for a test: its data lie in a temporary folder, it listens on a socket in that folder alone unless the
 * test asks for a port, and it ends with the test.
 *
 * PostgreSQL refuses to run as root; then it runs as the user `postgres`, whom Debian's package makes.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const migrations = new URL('../../edge-worker/migrations/postgres/', import.meta.url);

/** The folder of the server's programs, of the newest version that is installed. */
function programs() {
  const found = ['17', '16', '15'].map(version => `/usr/lib/postgresql/${version}/bin`).find(existsSync);
  if (found === undefined) throw new Error('PostgreSQL is not installed; install it with: apt-get install postgresql-15');
  return found;
}

/** The password of the user `postgres` over the network. */
const PASSWORD = 'secret of the tests';

/**
 * Starts a server without migrations.
 *
 * @param {{ port?: number }} options `port`: listens on 127.0.0.1, too, where it wants a password.
 */
export function startPostgres({ port } = {}) {
  const bin = programs();
  const folder = mkdtempSync(join(tmpdir(), 'twinflag-sql-'));
  const isRoot = process.getuid() === 0;
  const user = isRoot ? { uid: Number(idOf('-u')), gid: Number(idOf('-g')) } : {};
  if (isRoot) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  const run = (program, args) =>
    execFileSync(join(bin, program), args, { ...user, cwd: folder, stdio: 'pipe', env: { LC_ALL: 'C.UTF-8' } });
  run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']);
  if (port !== undefined) writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
  const network = port === undefined ? `-c listen_addresses=''` : `-c listen_addresses=127.0.0.1 -p ${port}`;
  const settings = `${network} -c unix_socket_directories='${folder}' -c fsync=off -c autovacuum=off`;
  const start = () => run('pg_ctl', ['-D', data, '-w', '-s', '-l', join(folder, 'log'), '-o', settings, 'start']);
  const crash = () => run('pg_ctl', ['-D', data, '-m', 'immediate', '-s', 'stop']);
  start();
  const env = { ...process.env, PGHOST: folder, PGUSER: 'postgres', PGDATABASE: 'postgres', PGOPTIONS: '-c client_min_messages=warning' };
  if (port !== undefined) {
    env.PGPORT = String(port);
    execFileSync('psql', ['-Xqc', `alter user postgres password '${PASSWORD}'`], { env, stdio: 'pipe' });
  }
  return {
    env,
    /** The address of a database for the setting `STORE`. */
    address: (database = 'postgres') => `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`,
    start,
    /** Ends the server without notice: its sessions are cut. */
    crash,
    /** Runs SQL in a session of its own; answers the lines that it prints. Throws its error. */
    query: (sql, { database = 'postgres' } = {}) => {
      try {
        const told = execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', database, '-f', '-'], {
          env,
          input: sql,
          stdio: 'pipe',
        });
        return String(told).split('\n').slice(0, -1);
      } catch (error) {
        throw new Error(String(error.stderr ?? error).trim());
      }
    },
    session: () => session(env),
    stop: () => {
      if (existsSync(join(data, 'postmaster.pid'))) crash();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const idOf = option => String(execFileSync('id', [option, 'postgres'])).trim();

/** The files of the migrations, in their order, each with its text. */
export function migrationFiles() {
  const names = readdirSync(migrations).filter(name => name.endsWith('.sql'));
  return names.sort().map(name => ({ name, text: readFileSync(new URL(name, migrations), 'utf8') }));
}

/** Applies every migration, each in a transaction of its own, as Supabase does. */
export function migrate(postgres, options) {
  for (const { name, text } of migrationFiles()) {
    try {
      postgres.query(`begin;\n${text}\ncommit;`, options);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
  }
}

/** A server with the migrations, and with the tables of `tests/runners/sql.mjs`. */
export function startMigrated(options) {
  const postgres = startPostgres(options);
  try {
    migrate(postgres);
  } catch (error) {
    postgres.stop();
    throw error;
  }
  return postgres;
}

/** One connection that is kept: statements run one after another. */
function session(env) {
  const psql = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const END = '-- the end of an answer --';
  let text = '',
    errors = '',
    settle;
  const ended = new Promise(resolve => psql.on('close', resolve));
  psql.stdout.setEncoding('utf8').on('data', chunk => {
    text += chunk;
    if (!text.endsWith(`${END}\n`)) return;
    const lines = text
      .slice(0, -END.length - 1)
      .split('\n')
      .slice(0, -1);
    text = '';
    settle.resolve(lines);
  });
  psql.stderr.setEncoding('utf8').on('data', chunk => {
    errors += chunk;
  });
  psql.stdin.on('error', () => {});
  psql.on('close', () => settle?.reject(new Error(errors.trim() || 'psql has ended')));
  const send = input =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
      psql.stdin.write(`${input}\n\\echo ${END}\n`);
    });
  return {
    /** Runs one statement; answers its lines. */
    run: sql => send(`${sql};`),
    /** Fills a table with lines of COPY's text format. */
    copy: (table, lines) => send(`copy ${table} from stdin;\n${lines.join('\n')}\n\\.`),
    /** Answers the lines of a query of one column of JSON. psql itself leaves out U+10FFFF where it prints; COPY does not. */
    json: async sql => (await send(`copy (${sql}) to stdout;`)).map(line => line.replaceAll('\\\\', '\\')),
    end: async () => {
      psql.stdin.end();
      await ended;
    },
  };
}
