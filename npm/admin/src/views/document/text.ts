/** The document's text, which is never taken apart on its way: numbers and the order of members stay as they were written. */
import { type Api, take } from '../../api/client.js';
import { Refusal } from '../../api/refusal.js';

export interface DocumentText {
  readonly text: string;
  /** The entity tag of its version, as `If-Match` wants it. */
  readonly tag: string;
}

/** The document at a version, by default the newest; `undefined` for an environment that has none yet. */
export async function readDocument(api: Api, query: { environment?: string; version?: number }): Promise<DocumentText | undefined> {
  try {
    let tag = '';
    const asked = api.GET('/api/admin/document', { params: { query }, parseAs: 'text' }).then(answer => {
      tag = answer.response.headers.get('etag') ?? '';
      return answer;
    });
    return { text: await take<string>(asked as never), tag };
  } catch (refused) {
    if (refused instanceof Refusal && refused.problem?.code === 'NO_RULESET') return undefined;
    throw refused;
  }
}

/** `production-12.json`: the environment and the number of the version. */
export function fileName(environment: string | undefined, tag: string): string {
  return `${environment ?? 'flags'}-${versionOf(tag)}.json`;
}

/** The number of a version in its entity tag, `"epoch.12"`. */
export function versionOf(tag: string): string {
  return /\.(\d+)"$/.exec(tag)?.[1] ?? '0';
}

/** The value that a JSON pointer names; `undefined` if there is none. */
export function valueAt(root: unknown, pointer: string): unknown {
  let at = root;
  for (const name of pointer.split('/').slice(1)) {
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}
