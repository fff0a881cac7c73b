/** What all flags are for somebody, and where each comes from. */

import { pathsTo, type Tree, withLeaves } from '../../chat-widget/src/tree.js';
import type { Features } from './feature.js';
import type { ChatWidgetFeatureFlags, Defaults } from './widget.js';

/** Whose flags. */
export interface FlagOwner {
  readonly customerId?: string | undefined;
  readonly organizationId?: string | undefined;
}

/** Which level a value comes from. */
export type FlagSource = 'customer_override' | 'organization_override' | 'kill' | 'rollout' | 'target' | 'rule' | 'environment' | 'default';

/** What all flags are for somebody. Frozen: it may be another caller's answer, too. */
export interface FlagEvaluation {
  /** Nested by the dots of the flags' keys; a flag whose key is a path to another's has no place in it. */
  readonly config: ChatWidgetFeatureFlags;
  /** The highest level that any value comes from. */
  readonly source: FlagSource;
  /** Where each value comes from, by the flag's key. */
  readonly sources: Readonly<Record<string, FlagSource>>;
  readonly customerId?: string;
  /** The one that was named, or that the customer belongs to. */
  readonly organizationId?: string;
  readonly evaluatedAt: Date;
  /** Absent where the worker was never asked. */
  readonly version?: number;
  /** The worker could not be asked: the last good answer, or the defaults. */
  readonly stale?: true;
}

/** What the worker answered; a flag without a value is what it is without the worker. */
export function evaluationOf({ evaluation, features, version }: Features, defaults: ChatWidgetFeatureFlags): FlagEvaluation {
  const { customerId, organizationId, evaluatedAt, source } = evaluation;
  const paths = pathsTo(features.map(({ flagPath }) => flagPath));
  const answered = features.filter(({ evaluation }) => evaluation.value !== undefined && evaluation.value !== null);
  return Object.freeze({
    config: asWidget(
      withLeaves(
        asTree(defaults),
        answered.filter(({ flagPath }) => !paths.has(flagPath)).map(({ flagPath, evaluation }) => [flagPath, evaluation.value] as const),
      ),
    ),
    source: source as FlagSource,
    sources: Object.freeze(Object.fromEntries(answered.map(({ flagPath, source }) => [flagPath, source as FlagSource]))),
    ...(customerId !== undefined && { customerId }),
    ...(organizationId !== undefined && { organizationId }),
    evaluatedAt: new Date(evaluatedAt),
    version,
  });
}

/** The defaults, for whom nothing is answered. */
export function defaultEvaluation({ customerId, organizationId }: FlagOwner, { config, source }: Defaults, now: number): FlagEvaluation {
  return Object.freeze({
    config: asWidget(withLeaves(asTree(config), [])),
    source,
    sources: Object.freeze({}),
    ...(customerId !== undefined && { customerId }),
    ...(organizationId !== undefined && { organizationId }),
    evaluatedAt: new Date(now),
  });
}

/** The widget's flags are a tree like any other; what is laid over the defaults leaves their shape. */
const asTree = (config: ChatWidgetFeatureFlags) => config as unknown as Tree;
const asWidget = (tree: Tree) => tree as unknown as ChatWidgetFeatureFlags;
