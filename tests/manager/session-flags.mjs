// The nine flags of the chat widget as the example document has them, before anything was done to them.
import { readFileSync } from 'node:fs';

const { flags } = JSON.parse(readFileSync(new URL('../../npm/examples/flags.json', import.meta.url), 'utf8'));

/** Their definitions, without rollouts. */
export const SESSION_FLAGS = Object.fromEntries(
  Object.entries(flags)
    .filter(([key]) => key.startsWith('sessionPersistence.'))
    .map(([key, { rollout, ...flag }]) => [key, flag]),
);

/** A document of them, and of what else is given. */
export const documentOf = ({ flags = {}, ...more } = {}) => ({
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { ...SESSION_FLAGS, ...flags },
  ...more,
});
