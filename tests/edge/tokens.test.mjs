// Tokens: a valid one opens the routes of its role; an invalid one opens nothing and makes the worker fetch from no other address.
import assert from 'node:assert/strict';
import { createHmac, sign } from 'node:crypto';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { jose, listener, pair } from './issuer.mjs';
import { hostWorker, KEYS } from './workerd.mjs';

const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: {} },
});
const ISSUER = 'https://id.example';
const AUDIENCE = 'flags';
const SECRET = new TextEncoder().encode(KEYS.JWT_SECRET);
const RSA_NAMES = ['RS256', 'PS256', 'RS384', 'RS512'];

const [rsa, ec, ed] = [await pair('RS256', 'rsa'), await pair('ES256', 'ec'), await pair('EdDSA', 'ed')];
const [strangeRsa, strangeEc, strangeEd] = [await pair('RS256', 'rsa'), await pair('ES256', 'ec'), await pair('EdDSA', 'ed')];

const ends = [];
const hosted = async settings => {
  const folder = await dataFolder();
  const trusted = settings.JWKS || settings.JWKS_URL ? { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, JWKS_PRIVATE: 'on' } : {};
  const server = await hostWorker({ data: folder.path, document: DOCUMENT, settings: { ...trusted, ...settings } });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  return server;
};
const listening = async answer => {
  const server = await listener(answer);
  ends.push(server.stop);
  return server;
};

let issuer, trap, server;
before(async () => {
  issuer = await listening(() => ({ body: { keys: [rsa, ec, ed].map(({ jwk }) => jwk) } }));
  trap = await listening(() => ({ body: { keys: [strangeRsa, strangeEc, strangeEd].map(({ jwk }) => jwk) } }));
  server = await hosted({ JWKS_URL: `${issuer.url}/keys` });
});
after(() => Promise.all(ends.map(end => end())));

const now = () => Math.floor(Date.now() / 1000);
const claims = more => ({ sub: 'ada', iss: ISSUER, aud: AUDIENCE, exp: now() + 600, app_metadata: { role: 'service' }, ...more });
const good = (by, payload = claims(), header = { alg: by.alg, kid: by.kid, typ: 'JWT' }) =>
  new jose.SignJWT(payload).setProtectedHeader(header).sign(by.privateKey ?? by);
const read = (on, token) => on.request('/api/admin/document', { method: 'GET', token });
const evaluate = (on, token) => on.request('/ofrep/v1/evaluate/flags', { token, body: { context: {} } });

const base64url = part =>
  Buffer.from(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)).toString('base64url');
const hmac =
  (secret, hash = 'sha256') =>
  signed =>
    createHmac(hash, secret).update(signed).digest();
/** A function that signs with a key, in the encoding of its algorithm unless `dsaEncoding` is `der`. */
const by =
  ({ privateKey }, hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', more = { dsaEncoding: 'ieee-p1363' }) =>
  signed =>
    sign(hash, Buffer.from(signed), { key: privateKey, ...more });
/** A token with any header, payload and signature. */
const forged = (header, payload, signature) => {
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${base64url(signature(signed))}`;
};
const HS = { alg: 'HS256', typ: 'JWT' };
const hs = (payload, header = HS) => forged(header, payload, hmac(SECRET));
const without = name => {
  const { [name]: _, ...rest } = claims();
  return rest;
};
const text = more => `${JSON.stringify(claims()).slice(0, -1)},${more}}`;

test('valid tokens of every algorithm are accepted', async t => {
  const tokens = [];
  for (const key of [rsa, ec, ed]) {
    tokens.push(
      await good(key),
      await good(key, claims(), { alg: key.alg }),
      await good(key, claims({ aud: ['other', AUDIENCE] }), { alg: key.alg, kid: key.kid, typ: 'at+jwt' }),
    );
    tokens.push(await good(key, claims({ exp: now() - 30, nbf: now() + 30, iat: now() + 30 })));
  }
  tokens.push(await good(ed, claims(), { alg: 'Ed25519', kid: 'ed' }));
  tokens.push(
    hs(claims()),
    hs(claims(), { alg: 'HS256' }),
    hs(claims(), { alg: 'HS256', kid: 'any' }),
    hs(claims({ exp: now() + 600.5 })),
    hs(claims({ sub: 'x'.repeat(256) })),
  );
  tokens.push(await new jose.SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(SECRET));
  tokens.push(hs(claims({ filler: 'x'.repeat(5_500), nested: { a: [{ a: null }, true] } })));
  for (const token of tokens) {
    assert.equal((await read(server, token)).status, 200, token);
    assert.equal((await evaluate(server, token)).status, 200, token);
  }
  assert.deepEqual(issuer.asked, ['/keys']);
  t.diagnostic(`${tokens.length} good tokens`);
});

/** Invalid tokens, each with a name. */
async function bad() {
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const list = [];
  const add = (name, token) => list.push([name, token]);

  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    add(`alg ${alg}, unsigned`, `${base64url({ alg })}.${base64url(claims())}.`);
    add(`alg ${alg}, signed`, hs(claims(), { alg }));
  }
  for (const alg of [null, ['HS256'], 'hs256', 'HS256 ', undefined]) add(`alg ${JSON.stringify(alg)}`, hs(claims(), { alg, typ: 'JWT' }));
  for (const bits of ['384', '512']) add(`HS${bits}`, forged({ alg: `HS${bits}` }, claims(), hmac(SECRET, `sha${bits}`)));
  for (const alg of RSA_NAMES.slice(1))
    add(
      alg,
      await good({ ...rsa, privateKey: await jose.importPKCS8(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), alg) }, claims(), {
        alg,
        kid: 'rsa',
      }),
    );

  const published = {
    PEM: pem,
    'PEM without its end': pem.trim(),
    DER: rsa.publicKey.export({ type: 'spki', format: 'der' }),
    'PKCS 1': rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }),
    JWK: JSON.stringify(rsa.jwk),
    set: JSON.stringify({ keys: [rsa.jwk, ec.jwk, ed.jwk] }),
    modulus: rsa.jwk.n,
    'modulus, decoded': Buffer.from(rsa.jwk.n, 'base64url'),
    'x of P-256': ec.jwk.x,
    'x of Ed25519': Buffer.from(ed.jwk.x, 'base64url'),
  };
  for (const [name, key] of Object.entries(published))
    for (const kid of ['rsa', undefined]) add(`HS256 by the public key, as ${name}`, forged({ alg: 'HS256', kid }, claims(), hmac(key)));
  for (const secret of ['', 'secret', KEYS.JWT_SECRET.slice(0, -1), `${KEYS.JWT_SECRET}\n`, KEYS.CLIENT_KEY, KEYS.SERVER_KEY])
    add('HS256 by another secret', forged(HS, claims(), hmac(secret)));

  add('RS256 by a stranger', await good(strangeRsa));
  add('ES256 by a stranger', await good(strangeEc));
  add('EdDSA by a stranger', await good(strangeEd));
  for (const [key, kid] of [
    [rsa, 'ec'],
    [ec, 'rsa'],
    [ed, 'ec'],
    [rsa, 'ed'],
    [ec, 'ed'],
    [ed, 'rsa'],
  ])
    add(`${key.alg} with the name of ${kid}`, await good(key, claims(), { alg: key.alg, kid }));
  for (const [alg, key] of [
    ['RS256', ec],
    ['ES256', rsa],
    ['EdDSA', ec],
    ['ES256', ed],
    ['RS256', ed],
  ])
    add(`${alg} by a key of another`, forged({ alg, kid: key.kid }, claims(), by(key)));
  add('ES256 as DER', forged({ alg: 'ES256', kid: 'ec' }, claims(), by(ec, 'sha256', { dsaEncoding: 'der' })));
  for (const [key, length] of [
    [ec, 64],
    [ed, 64],
    [rsa, 256],
    [ec, 0],
    [ed, 1],
  ])
    add(
      `${key.alg}, ${length} zeros`,
      forged({ alg: key.alg, kid: key.kid }, claims(), () => Buffer.alloc(length)),
    );

  for (const kid of [
    '../../../../../dev/null',
    "x' UNION SELECT 'key' --",
    `${trap.url}/keys`,
    '|cat /etc/passwd',
    '__proto__',
    'constructor',
    '',
    'RSA',
    'rsa\u0000',
    'x'.repeat(3_000),
  ]) {
    add(`kid ${kid.slice(0, 20)}, stranger`, await good(strangeRsa, claims(), { alg: 'RS256', kid }));
    add(`kid ${kid.slice(0, 20)}, no secret`, forged({ alg: 'HS256', kid }, claims(), hmac('')));
  }
  for (const kid of [1, null, ['rsa'], {}]) add(`kid ${JSON.stringify(kid)}`, forged({ alg: 'RS256', kid }, claims(), by(rsa)));
  const brought = {
    jku: `${trap.url}/keys`,
    x5u: `${trap.url}/cert`,
    jwk: strangeRsa.jwk,
    x5c: [Buffer.from(strangeRsa.publicKey.export({ type: 'spki', format: 'der' })).toString('base64')],
    crit: ['exp'],
  };
  for (const [name, value] of Object.entries(brought)) {
    add(`${name}, by the stranger`, forged({ alg: 'RS256', kid: 'rsa', [name]: value }, claims(), by(strangeRsa)));
    add(`${name}, by the right key`, forged({ alg: 'RS256', kid: 'rsa', [name]: value }, claims(), by(rsa)));
    add(`${name}, empty`, hs(claims(), { ...HS, [name]: null }));
  }
  add('crit with b64', hs(claims(), { ...HS, b64: true, crit: ['b64'] }));
  for (const typ of ['logout+jwt', 'dpop+jwt', 1, null, ['JWT']]) add(`typ ${JSON.stringify(typ)}`, hs(claims(), { alg: 'HS256', typ }));
  for (const header of [
    '{"alg":"HS256","alg":"HS256"}',
    '{"alg":"none","alg":"HS256"}',
    '{"alg":"HS256","\\u0061lg":"none"}',
    '["HS256"]',
    '"HS256"',
    'HS256',
    '',
    '{"alg":"HS256"}x',
    '{"alg":"HS256"',
    '\ufeff{"alg":"HS256"}',
    '{"alg":"HS256",}',
    "{'alg':'HS256'}",
  ])
    add(`header ${header}`, hs(claims(), header));

  for (const exp of [
    String(now() + 600),
    '9999999999',
    '2099-01-01T00:00:00Z',
    null,
    true,
    [now() + 600],
    {},
    0,
    -1,
    now() - 61,
    now() - 86_400,
    now() + 90_000,
  ])
    add(`exp ${JSON.stringify(exp)}`, hs(claims({ exp })));
  add('no exp', hs(without('exp')));
  add('issued for longer than a day', hs(claims({ iat: now() - 86_000, exp: now() + 600 })));
  add('exp 1e999', hs(text('"x":1').replace(/"exp":\d+/, '"exp":1e999')));
  for (const name of ['nbf', 'iat'])
    for (const value of [String(now() - 600), '0', null, false, [0], now() + 90, now() + 86_400, now() * 1000])
      add(`${name} ${JSON.stringify(value)}`, hs(claims({ [name]: value })));
  for (const iss of [`${ISSUER}/`, `${ISSUER}.evil.example`, ISSUER.toUpperCase(), '', null, 1, [ISSUER], { iss: ISSUER }])
    add(`iss ${JSON.stringify(iss)}`, hs(claims({ iss })));
  for (const aud of ['flag', 'Flags', `${AUDIENCE} `, '', null, 1, [], ['other'], [1, AUDIENCE], [[AUDIENCE]], { flags: true }])
    add(`aud ${JSON.stringify(aud)}`, hs(claims({ aud })));
  for (const sub of ['', 'x'.repeat(257), 'é'.repeat(129), 'a\nb', '\u0000', 'a\u007f', 'a\u0085', 1, null, ['ada'], {}])
    add(`sub ${JSON.stringify(sub).slice(0, 20)}`, hs(claims({ sub })));
  for (const name of ['iss', 'aud', 'sub']) add(`no ${name}`, hs(without(name)));
  for (const more of [
    '"exp":9999999999',
    '"sub":"eve"',
    '"app_metadata":{"role":"admin"}',
    '"\\u0073ub":"eve"',
    '"x":1,"x":1',
    '"x":{"y":[{"z":1,"z":2}]}',
  ])
    add(`twice ${more}`, hs(text(more)));
  for (const payload of [
    `[${JSON.stringify(claims())}]`,
    JSON.stringify(JSON.stringify(claims())),
    'null',
    '',
    '{}',
    `${JSON.stringify(claims())}x`,
    `${JSON.stringify(claims())}\u0000`,
    `\ufeff${JSON.stringify(claims())}`,
    text('"x":"\\ud800"'),
    text('"x":NaN'),
    text(`"x":${'['.repeat(500)}${']'.repeat(500)}`),
    Buffer.concat([Buffer.from(text('"x":"').slice(0, -1)), Buffer.from([0xff]), Buffer.from('"}')]),
  ])
    add(`payload ${String(payload).slice(0, 20)}`, hs(payload));

  const whole = hs(claims());
  const [header, payload, signature] = whole.split('.');
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = letter => last[(last.indexOf(letter) + 1) % 64];
  const parts = {
    'two parts': `${header}.${payload}`,
    'no signature': `${header}.${payload}.`,
    'four parts': `${whole}.${signature}`,
    'five parts, as if it were encrypted': `${whole}.${payload}.${signature}`,
    'a dot too many': `${whole}.`,
    'a dot first': `.${whole}`,
    'dots alone': '..',
    'nothing signed': `..${signature}`,
    'no header': `.${payload}.${signature}`,
    'no payload': `${header}..${signature}`,
    'padding behind': `${whole}=`,
    'padded header': `${header}=.${payload}.${signature}`,
    'padded payload': `${header}.${payload}==.${signature}`,
    'percent-encoded padding': `${whole}%3D`,
    'trailing bytes': `${whole}AAAA`,
    'a space within': `${header}. ${payload}.${signature}`,
    'twice, with a comma': `${whole},${whole}`,
    'twice, with a space': `${whole} ${whole}`,
    'in quotes': `"${whole}"`,
    'with its scheme again': `Bearer ${whole}`,
    'half a signature': whole.slice(0, -22),
    'a letter short': whole.slice(0, -1),
    'bits left over': whole.slice(0, -1) + other(whole.at(-1)),
    'a bit turned': `${header}.${payload}.${other(signature[0])}${signature.slice(1)}`,
    'another payload': `${header}.${base64url(claims({ sub: 'eve' }))}.${signature}`,
    'another header': `${base64url({ alg: 'HS256' })}.${payload}.${signature}`,
    'the signature of another': `${header}.${payload}.${hs(claims({ sub: 'eve' })).split('.')[2]}`,
    'the usual alphabet': forged(HS, claims({ x: '???>>>' }), hmac(SECRET))
      .replaceAll('_', '/')
      .replaceAll('-', '+')
      .replace(/^([^/+]*)$/, '$1+'),
    'too long': hs(claims({ x: 'x'.repeat(8_000) })),
    'far too long': `${header}.${payload}.${'A'.repeat(15_000)}`,
    'a client key': KEYS.CLIENT_KEY.replace('tf_', 'tf-'),
    null: 'null',
    undefined: 'undefined',
    'the secret': KEYS.JWT_SECRET,
  };
  for (const [name, token] of Object.entries(parts)) add(name, token);
  return list;
}

test('invalid tokens are refused, and the worker fetches from no address that they name', async t => {
  const tokens = await bad();
  const askedBefore = issuer.asked.length;
  for (const [name, token] of tokens) {
    for (const answer of [await read(server, token), await evaluate(server, token)]) {
      assert.equal(answer.status, 401, name);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer', name);
      assert.ok(token.length < 10 || !answer.text.includes(token), name);
    }
  }
  assert.ok(tokens.length >= 60);
  assert.deepEqual(trap.asked, []);
  // Some tokens name unknown keys, for which the worker may fetch the issuer's keys once.
  assert.ok(issuer.asked.length <= askedBefore + 1);
  assert.ok(issuer.asked.every(path => path === '/keys'));
  assert.equal((await read(server, await good(rsa))).status, 200);
  t.diagnostic(`${tokens.length} bad tokens, ${issuer.asked.length} questions to the issuer, ${trap.asked.length} to anybody else`);
});

test('a token opens administration only with an operator role in app_metadata', async () => {
  const organization = { organizationId: 'o-1' };
  const operators = [{ app_metadata: { role: 'service' } }, { app_metadata: { role: 'admin' } }, { app_metadata: { role: ['admin'] } }];
  const others = [
    { app_metadata: { role: 'organization_admin', ...organization } },
    { app_metadata: { role: 'member', ...organization } },
    { app_metadata: undefined },
    { app_metadata: {} },
    { app_metadata: null },
    { app_metadata: { role: 'Admin' } },
    { app_metadata: undefined, role: 'service_role' },
    { app_metadata: { role: 'organization_admin' } },
    { app_metadata: 'admin' },
    { app_metadata: undefined, role: 'admin' },
    { app_metadata: undefined, role: ['service_role'] },
    { app_metadata: { user_metadata: { role: 'admin' } }, user_metadata: { role: 'service' } },
  ];
  for (const [roles, status] of [
    [operators, 200],
    [others, 403],
  ]) {
    for (const role of roles) {
      const token = hs(claims(role));
      const answers = [
        await read(server, token),
        await server.request('/v1/explain', { token, body: { flag: 'plain' } }),
        await server.request('/api/admin/document?dryRun=true', { method: 'PUT', token, body: DOCUMENT }),
      ];
      assert.deepEqual(
        answers.map(answer => answer.status),
        [status, status, status],
        JSON.stringify(role),
      );
      if (status === 403) assert.ok(answers.every(answer => answer.json().code === 'FORBIDDEN'));
      assert.equal((await evaluate(server, token)).status, 200);
      assert.equal((await server.request('/v1/evaluate', { token, body: { evaluations: [] } })).status, 401);
    }
  }
});

test('a token is accepted only as a bearer token in Authorization', async () => {
  const token = hs(claims());
  for (const headers of [
    { 'x-api-key': token },
    { authorization: token },
    { authorization: `Basic ${token}` },
    { authorization: `Token ${token}` },
    { cookie: `token=${token}` },
  ]) {
    assert.equal((await server.request('/api/admin/document', { method: 'GET', headers })).status, 401);
    assert.equal((await server.request('/ofrep/v1/evaluate/flags', { body: { context: {} }, headers })).status, 401);
  }
  for (const path of [`/api/admin/document?token=${token}`, `/api/admin/document?access_token=${token}`])
    assert.equal((await server.request(path, { method: 'GET' })).status, 401);
});

test('a token with a new key makes the worker fetch the keys, at most once in five minutes', async () => {
  const [first, second, third] = [await pair('ES256', '1'), await pair('ES256', '2'), await pair('ES256', '3')];
  let keys = [first.jwk];
  const changing = await listening(() => ({ body: { keys } }));
  const own = await hosted({ JWT_SECRET: '', JWKS_URL: `${changing.url}/keys` });
  const status = async key => (await read(own, await good(key))).status;
  assert.deepEqual([await status(first), changing.asked.length], [200, 1]);
  keys = [second.jwk];
  assert.deepEqual([await status(second), changing.asked.length], [200, 2]);
  assert.equal(await status(first), 401);
  // The worker has just fetched for an unknown key, and does not fetch again.
  keys = [third.jwk];
  for (let again = 0; again < 50; again++) assert.equal(await status(third), 401);
  assert.equal(changing.asked.length, 2);
  await changing.stop();
  assert.equal(await status(second), 200);
});

test('concurrent requests fetch the keys once', async () => {
  const slow = await listening(() => ({ body: { keys: [ec.jwk] } }));
  const own = await hosted({ JWKS_URL: `${slow.url}/keys` });
  const token = await good(ec);
  const answers = await Promise.all(Array.from({ length: 40 }, () => read(own, token)));
  assert.deepEqual(new Set(answers.map(answer => answer.status)), new Set([200]));
  assert.equal(slow.asked.length, 1);
});

test('JWKS verifies tokens without a fetch, and only with its keys for signatures', async () => {
  const decoys = [
    { kty: 'oct', k: base64url('x'.repeat(32)), kid: 'oct', alg: 'HS256' },
    { ...ec.jwk, kid: 'wrong', alg: 'RS256' },
    { ...rsa.jwk, kid: 'enc', use: 'enc' },
    { ...ed.jwk, kid: 'ops', use: undefined, key_ops: ['sign'] },
    { ...ec.jwk, kid: 'off', y: ec.jwk.x },
    1,
    null,
    {},
  ];
  const own = await hosted({ JWT_SECRET: '', JWKS: JSON.stringify({ keys: [...decoys, rsa.jwk, ec.jwk, ed.jwk] }) });
  for (const key of [rsa, ec, ed]) assert.equal((await read(own, await good(key))).status, 200);
  for (const [key, kid] of [
    [rsa, 'enc'],
    [ed, 'ops'],
    [ec, 'wrong'],
    [ec, 'off'],
  ])
    assert.equal((await read(own, await good(key, claims(), { alg: key.alg, kid }))).status, 401, kid);
  assert.equal((await read(own, forged({ alg: 'HS256', kid: 'oct' }, claims(), hmac('x'.repeat(32))))).status, 401);
  assert.equal((await read(own, hs(claims()))).status, 401);
});

test('a token without a key id is refused if two keys have its algorithm', async () => {
  const [one, two] = [await pair('ES256', 'one'), await pair('ES256', 'two')];
  const own = await hosted({ JWKS: JSON.stringify({ keys: [one.jwk, two.jwk] }) });
  assert.equal((await read(own, await good(one))).status, 200);
  assert.equal((await read(own, await good(one, claims(), { alg: 'ES256' }))).status, 401);
});

test('while JWKS_URL returns no keys a token is 503, and a redirect is not followed', async () => {
  const answers = [
    { status: 500, body: '' },
    { status: 200, body: '<html>' },
    { status: 200, body: { keys: [] } },
    { status: 302, headers: { location: `${trap.url}/keys` }, body: '' },
    { body: null },
  ];
  for (const answer of answers) {
    const away = await listening(() => answer);
    const own = await hosted({ JWKS_URL: `${away.url}/keys` });
    const refused = await read(own, await good(rsa));
    assert.equal(refused.status, 503);
    assert.equal(refused.json().code, 'KEYS_UNAVAILABLE');
    assert.equal(refused.headers.get('retry-after'), '10');
    // HS256 tokens need no fetch, and invalid ones cause none.
    assert.equal((await read(own, hs(claims()))).status, 200);
    assert.equal((await read(own, 'x')).status, 401);
    assert.equal((await read(own, await good(rsa, claims({ exp: 1 })))).status, 401);
    assert.equal(away.asked.length, 1);
    await own.heard(/no keys from JWKS_URL: /);
    await own.stop();
    assert.ok(!own.said().includes(away.url));
  }
  assert.deepEqual(trap.asked, []);
});

test('a short JWT_SECRET and an invalid JWKS are refused with the expected form, and not quoted', async () => {
  const short = 'x'.repeat(31);
  for (const [settings, expected] of [
    [{ JWT_SECRET: short }, 'the setting JWT_SECRET cannot be read: expected at least 32 bytes'],
    [{ JWKS: '{"keys":7}' }, 'the setting JWKS cannot be read: expected a JSON Web Key Set with a public key for RS256, ES256 or EdDSA'],
  ]) {
    const own = await hosted(settings);
    const refused = await read(own, forged(HS, claims(), hmac(short)));
    assert.deepEqual([refused.status, refused.json().code, refused.json().detail], [503, 'SETTING_INVALID', expected]);
    await own.stop();
    assert.ok(!own.said().includes(short));
  }
});
