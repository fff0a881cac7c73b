// The document that a deployment of the chat widget starts from: the nine features of flags.json, none of them rolled out, no overrides.
//
//   node npm/examples/chat-widget.mjs [BUCKET_KEY] > chat-widget.json
//
// A document without a bucket key gets one where it is imported. Name one (32 hex digits) to draw as another environment does.
import { readFileSync } from 'node:fs';

const { schema, environment, flags } = JSON.parse(readFileSync(new URL('flags.json', import.meta.url), 'utf8'));
const [bucketKey] = process.argv.slice(2);
const widget = Object.entries(flags).filter(([key]) => key.startsWith('sessionPersistence.'));
const fresh = Object.fromEntries(widget.map(([key, { rollout, ...flag }]) => [key, flag]));
console.log(JSON.stringify({ schema, environment, ...(bucketKey && { bucketKey }), flags: fresh }, null, 2));
