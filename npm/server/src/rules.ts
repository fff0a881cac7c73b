/** The rules in force: one compiled document, and the version that it is of. */
import type { CompiledRuleset, Full } from '@twinflag/client/full';
import { TwinflagError } from '@twinflag/edge/internal';

import type { OwnerKind } from './owners.js';
import { spelled, type Version } from './version.js';

/** The document of a version. */
export interface RulesText {
  readonly version: Version;
  /** 32 hexadecimal digits, for a document that names no key. */
  readonly bucketKey: string | undefined;
  readonly document: string;
}

/** A compiled document, and the owners whose overrides it was given. */
export interface Rules extends RulesText {
  readonly ruleset: CompiledRuleset;
  /** Gives the ruleset an owner's overrides once. */
  apply(kind: OwnerKind, id: string, tree: string | undefined): void;
  /** Takes an owner's overrides from the ruleset. */
  forget(kind: OwnerKind, id: string): void;
  close(): void;
}

// The worker writes the members in this order and without spaces. The document is taken as it stands: read as JSON and written again, members
// that look like numbers would change their order, which counts among variants and overrides.
const ANSWER = /^\{(?:"bucketKey":"([0-9a-f]{32})",)?"document":(\{.*\}),"epoch":"([0-9a-f]{12})","version":(\d{1,10})\}$/s;

/** Reads the body of `GET /v1/ruleset?overrides=false`. @throws a TwinflagError where it is anything else */
export function rulesTextOf(body: string): RulesText {
  const found = ANSWER.exec(body);
  if (!found) throw new TwinflagError({ code: 'ANSWER_MALFORMED', detail: 'the answer is no whole ruleset' });
  return { version: { epoch: found[3]!, number: Number(found[4]) }, bucketKey: found[1], document: found[2]! };
}

/** Compiles a document. @throws a TwinflagError where it is refused whole; parts that cannot be used are left out */
export function compiled(full: Full, text: RulesText): Rules {
  let ruleset: CompiledRuleset;
  try {
    ruleset = full.compile(text.document, text.bucketKey);
  } catch (cause) {
    throw new TwinflagError({ code: 'DOCUMENT_REFUSED', detail: `the document of version ${spelled(text.version)} is refused`, cause });
  }
  const applied = new Set<string>();
  return {
    ...text,
    ruleset,
    apply(kind, id, tree) {
      const owner = `${kind}:${id}`;
      if (applied.has(owner) || tree === undefined) return;
      applied.add(owner);
      ruleset.setOwner(kind, id, tree);
    },
    forget(kind, id) {
      if (applied.delete(`${kind}:${id}`)) ruleset.setOwner(kind, id, undefined);
    },
    close: () => ruleset.close(),
  };
}

/** The most epochs that are remembered as left. */
const MOST_LEFT = 8;

/** Decides which versions may follow each other: within an epoch no older one, and no epoch that was left before. */
export function createVersions() {
  const left: string[] = [];
  return {
    /** @throws a TwinflagError where a version may not follow the one in force */
    check(next: Version, held: Version | undefined): void {
      const isOld = left.includes(next.epoch) || (held?.epoch === next.epoch && next.number < held.number);
      if (isOld) throw new TwinflagError({ code: 'ANSWER_OUTDATED', detail: `version ${spelled(next)} came after ${spelled(held!)}` });
    },
    /** The store was restored: whatever still answers from before is behind. */
    leave(epoch: string): void {
      left.push(epoch);
      if (left.length > MOST_LEFT) left.shift();
    },
  };
}
