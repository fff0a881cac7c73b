// OpenFeature's own providers, unmodified, against the worker: whoever speaks the protocol needs nothing of ours.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';
import { createProject } from './project.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    on: { default: 'on' },
    staff: { targets: [{ attribute: 'targetingKey', values: ['u-1'], variant: 'on' }] },
    model: { type: 'string', variants: { a: 'bm25', b: 'embedding-2' }, on: 'b', off: 'a' },
    size: { type: 'number', variants: { small: 5, large: 50 }, on: 'large', off: 'small' },
    button: { type: 'object', variants: { plain: { label: 'Pay' } }, on: 'plain', off: 'plain' },
  },
};
const SERVER = `
  import { OFREPProvider } from '@openfeature/ofrep-provider';
  import { OpenFeature } from '@openfeature/server-sdk';

  const [baseUrl, key] = process.argv.slice(2);
  await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers: [['Authorization', 'Bearer ' + key]] }));
  const client = OpenFeature.getClient();
  const staff = async (targetingKey) => (await client.getBooleanDetails('staff', false, { targetingKey })).value;
  const { variant, reason } = await client.getStringDetails('model', 'none', { targetingKey: 'u-2' });
  const { errorCode, value } = await client.getBooleanDetails('absent', true, {});
  console.log(JSON.stringify({
    staff: [await staff('u-1'), await staff('u-2')], model: [variant, reason], absent: [errorCode, value],
    size: await client.getNumberValue('size', 0, {}), button: await client.getObjectValue('button', {}, {}),
    mismatch: (await client.getNumberDetails('model', 7, {})).value,
  }));
  await OpenFeature.close();
`;
const WEB = `
  import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
  import { OpenFeature } from '@openfeature/web-sdk';

  const [baseUrl, key] = process.argv.slice(2);
  await OpenFeature.setContext({ targetingKey: 'u-1' });
  await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl, pollInterval: -1, headers: [['Authorization', 'Bearer ' + key]] }));
  const client = OpenFeature.getClient();
  const before = client.getBooleanValue('staff', false);
  await OpenFeature.setContext({ targetingKey: 'u-2' });
  console.log(JSON.stringify({ staff: [before, client.getBooleanValue('staff', true)], model: client.getStringValue('model', 'none') }));
  await OpenFeature.close();
`;

let folder;
let server;
let project;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: DOCUMENT });
  project = await createProject({
    ours: [],
    others: {
      '@openfeature/core': '1.12.0',
      '@openfeature/ofrep-core': '0.1.4',
      '@openfeature/ofrep-provider': '0.1.3',
      '@openfeature/ofrep-web-provider': '0.4.3',
      '@openfeature/server-sdk': '1.23.0',
      '@openfeature/web-sdk': '1.10.0',
    },
    files: { 'server.mjs': SERVER, 'web.mjs': WEB },
  });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
  await project?.remove();
});

const says = async script => JSON.parse((await project.node(project.path(script), server.url, server.clientKey)).stdout);

test('the provider for servers', async () => {
  assert.deepEqual(await says('server.mjs'), {
    staff: [true, false],
    model: ['a', 'STATIC'],
    absent: ['FLAG_NOT_FOUND', true],
    size: 5,
    button: { label: 'Pay' },
    mismatch: 7,
  });
});

test('the provider for pages', async () => {
  assert.deepEqual(await says('web.mjs'), { staff: [true, false], model: 'bm25' });
});

test('the provider for pages reads only headers that a page of another origin can read', async () => {
  const answer = await server.asClient('/ofrep/v1/evaluate/flags', { body: {}, headers: { origin: 'https://shop.example' } });
  const readable = ['content-type', ...answer.headers.get('access-control-expose-headers').split(', ')];
  const modules = ['ofrep-core', 'ofrep-web-provider'].map(name => project.path(`node_modules/@openfeature/${name}/index.esm.js`));
  const source = (await Promise.all(modules.map(file => readFile(file, 'utf8')))).join();
  const names = [...source.matchAll(/headers\.(?:get|has)\((['"])(.*?)\1\)/g)].map(([, , name]) => name.toLowerCase());
  assert.ok(names.includes('etag'), 'the sources were searched');
  for (const name of names) assert.ok(readable.includes(name), name);
});
