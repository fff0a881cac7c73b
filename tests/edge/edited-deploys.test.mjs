// Deploys over flags that operators edited one by one, archived, or that a last good definition serves: none takes anything back in silence.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const base = () => ({
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  segments: { eu: { attribute: 'country', op: 'eq', value: 'fr' } },
  flags: {
    chat: { aliases: ['talk'], default: 'off' },
    theme: { type: 'string', variants: { light: 'l', dark: 'd' }, on: 'dark', off: 'light' },
    drawn: { unit: 'customerId', rollout: { status: 'active', percentage: 50 } },
  },
});
const server = ownServer({ document: base() });
const edited = edit => {
  const document = base();
  edit(document);
  return document;
};

const admin = (path, options) => server.request(`/api/admin/${path}`, { token: server.adminToken, method: 'GET', ...options });
const change = async (method, path, body, headers = { 'if-match': '*' }) => {
  const answer = await admin(path, { method, body, headers });
  return { ...answer, said: answer.json() };
};
const ok = async (...request) => {
  const answer = await change(...request);
  assert.equal(answer.status, 200, answer.text);
  return answer.said;
};
const post = (path, body) => ok('POST', path, { reason: 'a test', ...body }, {});
const deploy = (document, query = '', headers = undefined) => change('PUT', `document${query}`, document, headers);
const kinds = ({ consequences }) => consequences.map(({ kind, pointer, overwrite }) => [kind, pointer, overwrite]);
const newest = async () => (await admin('changes?limit=1')).json().changes[0];
const value = async (flag, context = {}) => (await server.evaluate({ flag, context }))[0].value;
const TARGETED = { aliases: ['talk'], default: 'off', targets: [{ attribute: 'userId', values: ['ada'], variant: 'on' }] };

beforeEach(async () => {
  const reset = 'state=replace&reason=reset&overwrite=*&newEnvironment=production&newBucketKey=00010203';
  await ok('PUT', `document?${reset}&remove=flags&remove=segments`, { ...base(), segments: undefined, flags: undefined });
  await ok('PUT', `document?${reset}`, base());
});

test('an edit of one flag is not taken back by the next deploy of the document', async () => {
  await ok('PUT', 'flags/chat', TARGETED);
  const { changedAt, changedBy, version } = await newest();
  const refused = await deploy(base());
  assert.deepEqual(
    [refused.status, refused.said.code, kinds(refused.said)],
    [422, 'UNSAFE_CHANGE', [['overwritten', '/flags/chat', 'flags/chat']]],
  );
  const { message, remove } = refused.said.consequences[0];
  assert.equal(
    message,
    `${changedBy} changed "targets" of the flag "chat" at ${changedAt}, in version ${version}, and the document would take that back`,
  );
  assert.equal(remove, undefined);
  assert.equal(await value('chat', { userId: 'ada' }), true);
  // A dry run says the same, another change of the document does not help, and neither does another name.
  const tried = await deploy(base(), '?dryRun=true', {});
  assert.deepEqual([tried.status, kinds(tried.said)], [200, kinds(refused.said)]);
  const renamed = edited(({ flags }) => Object.assign(flags.theme, { owner: 'bob' }));
  assert.equal((await deploy(renamed)).status, 422);
  assert.equal((await deploy(base(), '?overwrite=theme')).status, 422);
  assert.equal((await deploy(base(), '?overwrite=nothing')).status, 400);
  assert.equal((await deploy(base(), '?overwrite=chat')).status, 200);
  assert.equal(await value('chat', { userId: 'ada' }), false);
  // An import wrote it last now.
  assert.equal((await deploy(edited(({ flags }) => Object.assign(flags.chat, { owner: 'bob' })))).status, 200);
});

test('an export of the present version may change an edited flag, if its version is named', async () => {
  await ok('PUT', 'flags/chat', TARGETED);
  await ok('PUT', 'segments/eu', { attribute: 'country', op: 'in', value: ['fr', 'de'] });
  const exported = await admin('document');
  const document = exported.json();
  document.flags.chat.owner = 'bob';
  document.segments.eu.value.push('nz');
  const blind = await deploy(document);
  // The flag's owner has no edit; the segment's list has a third value.
  assert.deepEqual(kinds(blind.said), [['overwritten', '/segments/eu', 'segments/eu']]);
  const tag = exported.headers.get('etag');
  // A document from before the edit is refused, whatever version is named.
  assert.equal((await deploy(base(), '', { 'if-match': tag })).status, 422);
  const older = edited(({ flags }) => Object.assign(flags.chat, { owner: 'bob' }));
  const refused = await deploy(older, '', { 'if-match': tag });
  assert.deepEqual(
    [refused.status, kinds(refused.said)],
    [
      422,
      [
        ['overwritten', '/segments/eu', 'segments/eu'],
        ['overwritten', '/flags/chat', 'flags/chat'],
      ],
    ],
  );
  // A program that read the version by itself has shown the edits to nobody.
  const unseen = await deploy(document, '?seen=false', { 'if-match': tag });
  assert.deepEqual([unseen.status, kinds(unseen.said)], [422, kinds(blind.said)]);
  // With the version, the third value is imported, and both answers tell whose edit it replaces: by whom, when, and the three values.
  const [{ changedAt, changedBy, version }] = (await admin('changes?limit=1')).json().changes;
  for (const query of ['?dryRun=true', '']) {
    const read = await deploy(document, query, { 'if-match': tag });
    assert.equal(read.status, 200, read.text);
    const [{ kind, pointer, allowed, edit }, ...more] = read.said.consequences;
    assert.deepEqual([kind, pointer, allowed, more], ['overwritten', '/segments/eu', true, []]);
    assert.deepEqual(edit, {
      changedAt,
      changedBy,
      version,
      members: [{ name: 'value', from: '"fr"', to: '["fr","de"]', document: '["fr","de","nz"]' }],
    });
  }
  assert.equal(await value('chat', { userId: 'ada' }), true);
});

test('a new definition under the key of a removed flag is refused, and the flag returns by restore alone', async () => {
  await post('feature-flags', { featureName: 'drawn', action: 'kill' });
  await ok('DELETE', 'flags/drawn');
  const before = (await admin('document')).text;
  const refused = await change('PUT', 'flags/drawn', {}, {});
  assert.deepEqual([refused.status, refused.said.code], [409, 'FLAG_ARCHIVED']);
  assert.match(refused.said.detail, /switched off, with a rollout that is active at 50 %: restore it, and change it then$/);
  assert.equal((await admin('document')).text, before);
  await post('flags/drawn/restore', {});
  await ok('PUT', 'flags/drawn', { unit: 'customerId', description: 'anew' });
});

test('a rollout that is planned and started by one request is one change, which one revert takes back', async () => {
  const started = await post('rollout/create', { featureName: 'chat', percentage: 5, start: true });
  assert.deepEqual(
    [started.changes.map(({ action }) => action), started.feature.rollout.status, started.feature.rollout.percentage],
    [['rollout.start'], 'active', 5],
  );
  assert.match(started.notes.join(), /^the rollout draws by targetingKey, .*\bcustomerId alone/);
  const { events } = (await admin('events?featureName=chat&limit=1')).json();
  assert.deepEqual([events[0].event, events[0].metadata.fromPercentage, events[0].metadata.toPercentage], ['enabled', 0, 5]);
  await post(`changes/${started.changes[0].id}/revert`, {});
  const [{ rollout }] = (await admin('feature-flags?featureName=chat')).json().features;
  assert.equal(rollout, null);
  assert.equal((await change('POST', 'rollout/create', { featureName: 'chat', start: 'yes' }, {})).status, 400);
});

test('a document that has an edit as it is makes it its own', async () => {
  await ok('PUT', 'flags/chat', TARGETED);
  const document = (await admin('document')).json();
  assert.deepEqual((await deploy(document)).said.consequences, []);
  document.flags.chat.owner = 'bob';
  assert.equal((await deploy(document)).status, 200);
  assert.equal(await value('chat', { userId: 'ada' }), true);
  // The document has an edit and another change: the record of the edit's flag says that nothing changed there.
  await ok('PUT', 'flags/chat', { ...TARGETED, owner: 'ada' });
  const adopts = (await admin('document')).json();
  adopts.flags.theme.owner = 'bob';
  assert.equal((await deploy(adopts)).status, 200);
  const { changes } = (await admin('changes?flag=chat&limit=1')).json();
  assert.deepEqual([changes[0].action, changes[0].oldJson, changes[0].newJson], ['import.adopt', undefined, undefined]);
});

test('a document without a definition that was removed by hand makes the removal its own', async () => {
  await ok('DELETE', 'flags/chat');
  await ok('DELETE', 'segments/eu');
  assert.deepEqual(kinds((await deploy(base())).said), [
    ['overwritten', '/segments/eu', 'segments/eu'],
    ['overwritten', '/flags/chat', 'flags/chat'],
  ]);
  const without = edited(document => {
    delete document.flags.chat;
    delete document.segments;
  });
  const before = (await admin('document')).json();
  const adopted = await deploy(without);
  assert.deepEqual([adopted.status, adopted.said.consequences, adopted.said.changes], [200, [], []], adopted.text);
  const { changes } = (await admin(`changes?version=${adopted.said.version}`)).json();
  assert.deepEqual(
    changes.map(({ action, flagPath, pointer, oldJson, newJson }) => [action, flagPath ?? pointer, oldJson, newJson]).sort(),
    [
      ['import.adopt', '/segments/eu', undefined, undefined],
      ['import.adopt', 'chat', undefined, undefined],
    ],
  );
  assert.deepEqual((await admin('document')).json(), before);
  const { version } = (await deploy(without)).said;
  assert.equal(version, adopted.said.version);
  // The pipeline knew of the removal, so a document that has the flag again brings it back.
  const back = await deploy(base());
  assert.deepEqual([back.status, back.said.consequences], [200, []], back.text);
  assert.deepEqual(
    back.said.returned.map(({ flag }) => flag),
    ['chat'],
  );
  assert.equal(await value('chat'), false);
});

test('a revert is an edit, and a flag that was edited back has none', async () => {
  const document = edited(({ flags }) => Object.assign(flags.chat, { default: 'on' }));
  assert.equal((await deploy(document)).status, 200);
  const { id } = await newest();
  await post(`changes/${id}/revert`, {});
  assert.deepEqual(kinds((await deploy(document)).said), [['overwritten', '/flags/chat', 'flags/chat']]);
  assert.equal((await deploy(base())).status, 200);
  await ok('PUT', 'flags/chat', TARGETED);
  await ok('PUT', 'flags/chat', base().flags.chat);
  assert.deepEqual((await deploy(base())).said.changes, []);
});

test('an archived flag is listed and restored with all that it had, and no deploy revives it unasked', async () => {
  await post('overrides', { customerId: 'c-1', flags: { chat: true } });
  await post('feature-flags', { featureName: 'drawn', action: 'kill' });
  const before = (await admin('document')).json();
  await ok('DELETE', 'flags/chat');
  await ok('DELETE', 'flags/drawn');
  const listed = async query => (await admin(`flags${query}`)).json().definitions.map(({ name, archived }) => [name, archived]);
  assert.deepEqual(await listed(''), [['theme', undefined]]);
  assert.deepEqual(await listed('?archived=true'), [
    ['chat', true],
    ['drawn', true],
  ]);
  assert.deepEqual(await listed('?archived=true&limit=1&after=chat'), [['drawn', true]]);
  const [{ definition, etag, state, lastChange }] = (await admin('flags?archived=true')).json().definitions;
  assert.deepEqual([definition, etag, state, lastChange.action], [base().flags.chat, undefined, {}, 'definition.set']);
  const refused = await deploy(base());
  assert.deepEqual(kinds(refused.said), [
    ['overwritten', '/flags/chat', 'flags/chat'],
    ['overwritten', '/flags/drawn', 'flags/drawn'],
  ]);
  assert.match(refused.said.detail, /removed the flag "chat" .* and the document would bring it back/);
  assert.equal((await deploy({ ...base(), flags: { theme: base().flags.theme } })).status, 200);
  for (const flag of ['chat', 'drawn']) {
    assert.equal((await post(`flags/${flag}/restore`, { reason: 'needed' })).changed, true);
    assert.equal((await post(`flags/${flag}/restore`, { reason: 'needed' })).changed, false);
  }
  const { flags, ...rest } = (await admin('document')).json();
  assert.deepEqual({ ...rest, flags: { chat: flags.chat, theme: flags.theme, drawn: flags.drawn } }, before);
  assert.deepEqual([await value('talk', { customerId: 'c-1' }), await value('drawn', { customerId: 'c-1' })], [true, false]);
  assert.equal((await change('POST', 'flags/absent/restore', {}, {})).status, 404);
});

test('a draw that is live keeps its salt and its unit', async () => {
  for (const [member, value] of [
    ['salt', 'other'],
    ['unit', 'userId'],
  ]) {
    const document = edited(({ flags }) => Object.assign(flags.drawn, { [member]: value }));
    const refused = await deploy(document);
    assert.deepEqual(
      refused.said.consequences.map(({ kind, pointer, remove }) => [kind, pointer, remove]),
      [['redrawn', `/flags/drawn/${member}`, `flags/drawn/${member}`]],
    );
    const alone = await change('PATCH', 'flags/drawn', [{ op: 'add', path: `/${member}`, value }]);
    assert.deepEqual([alone.status, alone.said.code], [422, 'UNSAFE_CHANGE'], alone.text);
    assert.equal((await deploy(document, `?dryRun=true&remove=flags/drawn/${member}`, {})).said.consequences[0].allowed, true);
  }
  // With its own key as the salt nothing changes, and a rollout for all draws nobody.
  assert.equal((await deploy(edited(({ flags }) => Object.assign(flags.drawn, { salt: 'drawn' })))).status, 200);
  await post('rollout/percentage', { featureName: 'drawn', percentage: 100 });
  assert.equal((await deploy(edited(({ flags }) => Object.assign(flags.drawn, { salt: 'other' })))).status, 200);
});

test('a definition that is refused leaves the last good one, which lists, answers and repairs tell', async () => {
  const broken = edited(({ flags }) => Object.assign(flags.theme, { rules: [{ serve: 'drak' }] }));
  const refused = await deploy(broken);
  assert.equal(refused.status, 422);
  const why = '/flags/theme/rules/0/serve: unknown variant "drak"; the flag has "light", "dark"';
  assert.ok(refused.said.detail.endsWith(why), refused.text);
  const partial = await deploy(broken, '?partial=true');
  assert.deepEqual(partial.said.changes, [{ kind: 'refused', pointer: '/flags/theme' }], partial.text);
  assert.deepEqual(
    partial.said.consequences.map(({ message, allowed }) => [message, allowed]),
    [['the flag "theme" cannot be read, and its last good definition serves on', true]],
  );
  const refusedFlags = async () =>
    (await admin('feature-flags'))
      .json()
      .features.filter(({ refused }) => refused)
      .map(({ flagPath }) => flagPath);
  assert.deepEqual(await refusedFlags(), ['theme']);
  const exported = (await admin('document')).json();
  for (const query of ['?dryRun=true', '']) {
    const untouched = await deploy(exported, query);
    assert.deepEqual([untouched.status, untouched.said.changes], [200, []], untouched.text);
  }
  const repaired = await deploy(base());
  assert.deepEqual(repaired.said.changes, [{ kind: 'changed', pointer: '/flags/theme' }], repaired.text);
  assert.deepEqual(await refusedFlags(), []);
  for (const mend of [() => ok('PUT', 'flags/theme', base().flags.theme), () => ok('DELETE', 'flags/theme')]) {
    await ok('PUT', 'document?partial=true', broken);
    await mend();
    assert.deepEqual(await refusedFlags(), []);
    assert.equal((await admin('document')).text.includes('drak'), false);
  }
});

test('a definition that no document may have is refused at once', async () => {
  const key = await change('PUT', 'flags/my%20flag', {}, {});
  assert.deepEqual([key.status, key.said.code, key.said.pointer], [422, 'DEFINITION_REFUSED', '/flags/my flag']);
  const variant = await change('PATCH', 'flags/chat', [{ op: 'replace', path: '/default', value: 'onn' }]);
  assert.deepEqual([variant.status, variant.said.detail], [422, '/flags/chat/default: unknown variant "onn"; the flag has "on", "off"']);
});

test('the trail of a flag follows its new key', async () => {
  await post('feature-flags', { featureName: 'chat', action: 'kill' });
  const { id } = await newest();
  const document = edited(({ flags }) => {
    flags.speech = { ...flags.chat, aliases: ['chat', 'talk'] };
    delete flags.chat;
  });
  assert.equal((await deploy(document)).status, 200);
  for (const name of ['speech', 'chat', 'talk']) {
    const { changes } = (await admin(`changes?flag=${name}`)).json();
    assert.ok(changes.some(change => change.id === id) && changes.some(({ flagPath }) => flagPath === 'speech'), name);
  }
  const absent = await admin('changes?flag=nope');
  assert.deepEqual([absent.status, absent.json().code], [404, 'FLAG_NOT_FOUND']);
});

test('parameters that mean nothing beside others are refused', async () => {
  for (const path of [
    'overrides?kind=customers&customerId=c-1',
    'overrides?customerId=c-1&after=a',
    'overrides?organizationId=o-1&limit=1',
    'overrides?withoutFlag=true&kind=customers',
    'customers?customerId=c-1&limit=1',
    'document?version=1&flag=chat',
  ]) {
    const answer = await admin(path);
    assert.deepEqual([answer.status, answer.json().code], [400, 'PARSE_ERROR'], `${path}: ${answer.text}`);
  }
});
