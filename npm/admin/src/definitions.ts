/** The definitions of an environment, and the flags and segments among them that use a segment. */
import { type Api, take } from './api/client.js';
import type { Definition } from './api/model.js';

/** The definitions of a page of a list; the server's own limit. */
const PAGE = 1000;

export type DefinitionKind = 'flags' | 'segments';

/** All flags, or all segments, of an environment by name. */
export async function readDefinitions(
  api: Api,
  kind: DefinitionKind,
  query: { environment?: string },
): Promise<ReadonlyMap<string, Definition>> {
  const found = new Map<string, Definition>();
  for (let after: string | undefined; ; ) {
    const params = { query: { ...query, limit: PAGE, ...(after !== undefined && { after }) } };
    const page = await take(kind === 'flags' ? api.GET('/api/admin/flags', { params }) : api.GET('/api/admin/segments', { params }));
    for (const definition of page.definitions) found.set(definition.name, definition);
    after = page.next;
    if (after === undefined) return found;
  }
}

/** The flags and the segments that use each segment, by its name. */
export function usesOf(flags: ReadonlyMap<string, Definition>, segments: ReadonlyMap<string, Definition>): ReadonlyMap<string, Uses> {
  const uses = new Map<string, { flags: Set<string>; segments: Set<string> }>();
  const note = (segment: string, kind: DefinitionKind, user: string) => {
    const known = uses.get(segment) ?? { flags: new Set(), segments: new Set() };
    uses.set(segment, known);
    known[kind].add(user);
  };
  for (const { name, definition } of flags.values())
    if (isObject(definition) && Array.isArray(definition.rules))
      for (const rule of definition.rules) if (isObject(rule)) for (const segment of segmentsIn(rule.if)) note(segment, 'flags', name);
  for (const { name, definition } of segments.values()) for (const segment of segmentsIn(definition)) note(segment, 'segments', name);
  return uses;
}

export interface Uses {
  readonly flags: ReadonlySet<string>;
  readonly segments: ReadonlySet<string>;
}

/** The segments that a condition names. Values that it compares with may look like conditions, and are not searched. */
function segmentsIn(condition: unknown): string[] {
  if (!isObject(condition)) return [];
  const { all, any, not, segment } = condition;
  const inner = [...(Array.isArray(all) ? all : []), ...(Array.isArray(any) ? any : []), ...(not === undefined ? [] : [not])];
  return [...(typeof segment === 'string' ? [segment] : []), ...inner.flatMap(segmentsIn)];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
