import type { FlagClient } from '@twinflag/client';
import { Component, createElement, type ReactNode, Suspense } from 'react';

import { useFlagClient } from './flag-context.js';
import { useFeatureFlag } from './use-feature-flag.js';

export interface FeatureFlagProps {
  /** The key of a boolean flag. */
  readonly flag: string;
  /** Shown if the flag is on. */
  readonly children?: ReactNode;
  /** Shown if the flag is off, and in place of children that throw. @default nothing */
  readonly off?: ReactNode;
  /** Shown while there is no answer, or while the children load code or data. @default nothing */
  readonly pending?: ReactNode;
  /** Hears what the children threw. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Shows its children if a flag is on, else `off`.
 *
 * If the children throw, the error is reported as an outcome of the flag, where the client has the option `outcomes`, and `off` is shown until the
 * flag has been off. On a server, children that throw are rendered by the page.
 */
export function FeatureFlag({ flag, children, off = null, pending = null, onError }: FeatureFlagProps): ReactNode {
  const client = useFlagClient();
  const { enabled, loading } = useFeatureFlag(flag);
  if (loading) return pending;
  if (!enabled) return off;
  return createElement(
    FailingSide,
    { key: flag, flag, client, off, onError },
    createElement(Suspense, { fallback: pending ?? off }, children),
  );
}

interface FailingSideProps {
  readonly flag: string;
  readonly client: FlagClient;
  readonly off: ReactNode;
  readonly onError: ((error: unknown) => void) | undefined;
  readonly children?: ReactNode;
}

/** An error boundary, of which React has classes alone. */
class FailingSide extends Component<FailingSideProps, { readonly failed: boolean }> {
  override readonly state = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    const { client, flag, onError } = this.props;
    client.fail(flag, error);
    onError?.(error);
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.off : this.props.children;
  }
}
