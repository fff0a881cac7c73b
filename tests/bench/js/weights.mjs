/** `node weights.mjs`: what a page loads to ask for one flag, of each engine that has a client for browsers; bytes after gzip -9. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const npm = new URL('../../../npm/', import.meta.url);
const { build } = createRequire(new URL('package.json', npm))('esbuild');

/** The least script that starts a client and asks for a flag; `in` is the folder whose packages it imports. */
const PAGES = {
  Twinflag: {
    in: npm,
    script: `import { createClient } from '@twinflag/client';
      export default async options => { const client = createClient(options); await client.ready(); return client.isEnabled('flag'); };`,
  },
  Featurevisor: `import { createInstance } from '@featurevisor/sdk';
    export default (datafile, context) => createInstance({ datafile }).isEnabled('flag', context);`,
  GrowthBook: `import { GrowthBook } from '@growthbook/growthbook';
    export default async options => { const client = new GrowthBook(options); await client.init({ streaming: true }); return client.isOn('flag'); };`,
  Unleash: `import { UnleashClient } from 'unleash-proxy-client';
    export default async options => { const client = new UnleashClient(options); await client.start(); return client.isEnabled('flag'); };`,
  'flagd-core': `import { FlagdWebProvider } from '@openfeature/flagd-web-provider'; import { OpenFeature } from '@openfeature/web-sdk';
    export default async options => {
      await OpenFeature.setProviderAndWait(new FlagdWebProvider(options)); return OpenFeature.getClient().getBooleanValue('flag', false);
    };`,
  'Flipt (WASM)': `import { FliptClient } from '@flipt-io/flipt-client-js';
    export default async options => {
      const client = await FliptClient.init(options); return client.evaluateBoolean({ flagKey: 'flag', entityId: 'u', context: {} }).enabled;
    };`,
};

/** The weight of each page by the engine's name. */
export async function weights() {
  const weighed = {};
  for (const [name, page] of Object.entries(PAGES)) {
    const { outputFiles } = await build({
      stdin: { contents: page.script ?? page, resolveDir: fileURLToPath(page.in ?? new URL('.', import.meta.url)) },
      bundle: true,
      // A chunk that only a page without WebAssembly loads.
      external: ['*/script-engine.js'],
      minify: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      logLevel: 'error',
    });
    weighed[name] = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  }
  return weighed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await weights()));
