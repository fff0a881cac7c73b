/** TypeScript declarations of the flags in a document. */
import { printable } from './output.js';
import type { Document, Flag } from './wire.js';

/** Returns a declaration file with the keys of all flags, and the type of each one's values. */
export function declarationsOf({ flags = {} }: Document): string {
  const members = Object.entries(flags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, flag]) => [...commentOf(flag), `  readonly ${JSON.stringify(key)}: ${typeOf(flag)};`]);
  return [
    '// Made by `twinflag types`. Do not edit.',
    '',
    '/** The flags by their keys, with the types of their values. */',
    'export interface Flags {',
    ...members,
    '}',
    '',
    '/** The key of a flag. */',
    'export type FlagKey = keyof Flags;',
    '/** The values of a flag. */',
    'export type FlagValue<Key extends FlagKey> = Flags[Key];',
    '',
  ].join('\n');
}

function commentOf({ description }: Flag): readonly string[] {
  return description === undefined ? [] : [`  /** ${printable(description.replaceAll('*/', '*\\/').replaceAll(/\s+/g, ' '))} */`];
}

function typeOf({ type = 'boolean', variants = {} }: Flag): string {
  if (type === 'boolean') return 'boolean';
  const types = [...new Set(Object.values(variants).map(value => literal(value)))];
  return types.length === 0 ? 'never' : types.join(' | ');
}

/** The narrowest type that has a value. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `readonly [${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, member]) => `readonly ${JSON.stringify(name)}: ${literal(member)}`)
    .join('; ')} }`.replace('{  }', '{}');
}
