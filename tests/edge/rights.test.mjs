// Every kind of caller on every route of a running worker, compared with the matrix in `rights.txt`, which is written by hand.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { dataFolder } from '../server.mjs';
import { hostWorker, KEYS, token } from './workerd.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: { default: 'off' } },
  overrides: { organizations: { 'o-1': { plain: true }, 'o-2': { plain: true } } },
});
const OWN = { organizationId: 'o-1' },
  FOREIGN = { organizationId: 'o-2' };
const REASON = { reason: 'r' };

/** The kinds of caller, and a row for each route: its method, path and case, and a cell for each caller. */
const { callers, rows } = readMatrix(readFileSync(join(ROOT, 'edge-worker/rights.txt'), 'utf8'));

function readMatrix(text) {
  const [header, ...lines] = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  const callers = header.split(/\s+/).slice(2);
  const rows = lines.map(line => {
    const [, name, cells] = /^(.*?) {2,}(.*)$/.exec(line);
    const [method, path, when] = name.split(' ');
    return {
      name,
      method,
      path,
      when,
      cells: Object.fromEntries(
        cells
          .trim()
          .split(/\s+/)
          .map((cell, at) => [callers[at], cell]),
      ),
    };
  });
  return { callers, rows };
}

let folder, server, credentials;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { DEMO: 'on' } });
  const file = join(folder.path, 'secret');
  writeFileSync(file, KEYS.JWT_SECRET);
  const [program, ...first] = process.env.XTASK ? [process.env.XTASK] : ['cargo', 'xtask'];
  const minted = (role, ...more) =>
    execFileSync(program, [...first, 'token', '--secret-file', file, '--sub', `the ${role}`, '--role', role, ...more], {
      cwd: ROOT,
      encoding: 'utf8',
    }).trim();
  const ofOrganization = role => minted(role, '--organization', OWN.organizationId);
  credentials = {
    service: minted('service'),
    admin: minted('admin'),
    operator: minted('operator'),
    viewer: minted('viewer'),
    organization_admin: ofOrganization('organization_admin'),
    member: ofOrganization('member'),
    user: token({ sub: 'a user', exp: Math.floor(Date.now() / 1000) + 600 }),
    server: server.serverKey,
    client: server.clientKey,
    anyone: undefined,
  };
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

/** The request that tests a row. Most bodies are refused after the worker has checked the caller, so that they change nothing. */
function asked({ method, path, when }, owner) {
  const at =
    path.replace('{key}', 'plain').replace('{id}', 'absent').replace('{file}', 'absent.js') + (when === 'dryRun' ? '?dryRun=true' : '');
  const query =
    ['GET', 'DELETE'].includes(method) && /(feature-flags|overrides|changes)$/.test(path)
      ? `?${new URLSearchParams({ ...owner, ...(method === 'DELETE' && REASON) })}`
      : '';
  const body =
    {
      'action=kill': { featureName: 'absent', action: 'kill', ...REASON },
      action: { featureName: 'absent', action: 'revive', ...REASON },
    }[when] ??
    (/(feature-flags|overrides)$/.test(path)
      ? { ...owner, ...(path.endsWith('overrides') ? { flags: { plain: true } } : { featureName: 'plain', enabled: true }), ...REASON }
      : {});
  return {
    path: at + (path === '/api/admin/customers' && method === 'GET' ? '?customerId=c-of-nobody' : query),
    method,
    body: ['GET', 'DELETE'].includes(method) ? undefined : body,
  };
}

/** Sends a row's request with a caller's credentials. */
async function ask(row, caller, owner = OWN) {
  const { path, ...rest } = asked(row, owner);
  return server.request(path, { ...rest, token: credentials[caller] });
}

test('the matrix has a row for every route in the OpenAPI description, and a column for every caller', () => {
  const { paths } = JSON.parse(readFileSync(join(ROOT, 'edge-worker/openapi.json'), 'utf8'));
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter(name => ['get', 'post', 'put', 'delete'].includes(name))
      .map(name => `${name.toUpperCase()} ${path}`),
  );
  const covers = name =>
    rows.some(
      ({ method, path }) =>
        `${method} ${path}` === name || (path.includes('{file}') && name.startsWith(`${method} ${path.replace('{file}', '')}`)),
    );
  assert.deepEqual(
    described.filter(name => !covers(name)),
    [],
  );
  assert.deepEqual(callers.toSorted(), Object.keys(credentials).toSorted());
});

test('every caller passes on the routes that the matrix opens to it, and on no other', async () => {
  const wrong = [];
  for (const row of rows) {
    for (const caller of callers) {
      const { status, text } = await ask(row, caller);
      const isRefused = status === 401 || status === 403;
      // The worker answers 401 to a caller without credentials, and to one whose credentials open nothing at all.
      if (isRefused !== (row.cells[caller] === '-') || status >= 500) wrong.push(`${caller}: ${row.name} is ${status} ${text}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('a caller that passes for its own organization gets 404 for another', async () => {
  for (const row of rows.filter(({ path }) => /(feature-flags|overrides)$/.test(path))) {
    for (const caller of callers.filter(caller => row.cells[caller] === 'own')) {
      assert.equal((await ask(row, caller, OWN)).status, 200, `${caller}: ${row.name}`);
      assert.equal((await ask(row, caller, FOREIGN)).status, 404, `${caller}: ${row.name}`);
    }
  }
});

test("a misspelled environment in the query is refused on every operators' route, and nothing is done", async () => {
  const kill = { featureName: 'plain', action: 'kill', ...REASON };
  const newest = async () => (await server.asAdmin('/api/admin/versions?limit=1', { method: 'GET' })).json();
  const before = await newest();
  const ofOperators = rows.filter(({ path }) => path.startsWith('/api/admin/') || path === '/v1/explain');
  assert.ok(ofOperators.length >= 40);
  for (const row of ofOperators) {
    const { path, method, body } = asked(row, OWN);
    for (const query of ['enviroment=staging', 'env=staging']) {
      const given = row.path === '/api/admin/feature-flags' && body ? kill : body;
      const answer = await server.request(`${path}${path.includes('?') ? '&' : '?'}${query}`, {
        method,
        body: given,
        token: credentials.admin,
      });
      assert.equal(answer.status, 400, `${row.name} ${query}: ${answer.text}`);
      assert.match(answer.json().detail, /^expected no parameter/, row.name);
    }
  }
  assert.deepEqual(await newest(), before);
});
