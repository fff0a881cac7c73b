import type { TwinflagError } from './error.js';

/** How to reach the worker. */
export interface ConnectionOptions {
  /** The worker's address, without a path. @default TWINFLAG_URL of the environment */
  readonly url?: string | undefined;
  /** How requests are made. @default the runtime's `fetch` */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How long one request may take, in milliseconds. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether flags are asked for at all; switched off, they are their defaults. @default unless FEATURE_FLAGS_ENABLED, or else
   * NEXT_PUBLIC_FEATURE_FLAGS_ENABLED, of the environment is `false`
   */
  readonly enabled?: boolean | undefined;
  /** Told of what is answered without the worker, and why. @default `console.error` */
  readonly onError?: ((error: TwinflagError) => void) | undefined;
}

/** A key or a token, or who knows it. */
export type Credential = string | (() => string | Promise<string>);
