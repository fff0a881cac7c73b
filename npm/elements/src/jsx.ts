/**
 * Types of the elements in JSX. For React, `import type {} from '@twinflag/elements/jsx'` once; for another library, have its
 * `JSX.IntrinsicElements` extend {@link FlagElements}.
 */
import type { EvaluationContext, FlagClient } from '@twinflag/client';
import type { Bootstrap } from '@twinflag/client/bootstrap';
import type {} from 'react';

import type { FeatureFlagElement, FlagChange } from './feature-flag.js';
import type { FlagProviderElement, MoreOptions } from './flag-provider.js';

/** The properties that any element takes, in any library's JSX. */
interface AnyElement<E> {
  readonly children?: unknown;
  readonly key?: string | number | null;
  readonly ref?: unknown;
  readonly id?: string;
  readonly slot?: string;
  readonly class?: string;
  readonly className?: string;
  readonly style?: unknown;
  /** React 19 takes `onflag-change`; others have spellings of their own. */
  readonly 'onflag-change'?: (event: CustomEvent<FlagChange> & { readonly target: E }) => void;
}

export interface FlagElements {
  readonly 'flag-provider': AnyElement<FlagProviderElement> & {
    readonly url?: string;
    readonly 'client-key'?: string;
    readonly clientKey?: string;
    /** An object as a property, JSON as an attribute. */
    readonly context?: EvaluationContext | string;
    readonly disabled?: boolean;
    /** Answers as a property, the id of their element as an attribute. */
    readonly bootstrap?: Bootstrap | string;
    readonly options?: MoreOptions;
    readonly client?: FlagClient;
  };
  readonly 'feature-flag': AnyElement<FeatureFlagElement> & { readonly flag: string };
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements extends FlagElements {}
  }
}
