/** Answers in OpenFeature's words, which both providers give. */
import type { ErrorCode, FlagMetadata, ResolutionDetails } from '@openfeature/core';
import type { FlagDetails } from '@twinflag/client';

/** An answer of either half; the server's also names its version. */
type Details<T> = FlagDetails<T> & { readonly version?: string };

/** The resolution for an answer; what has no member of OpenFeature's is metadata, beside the flag's own. */
export function resolutionOf<T>(details: Details<T>): ResolutionDetails<T> {
  const { value, variant, reason, errorCode, layer, bucket, version, stale, metadata } = details;
  const more = { layer, bucket, version, stale };
  const told = Object.entries(more).filter(([, value]) => value !== undefined);
  return {
    value,
    reason,
    ...(variant !== undefined && { variant }),
    ...(errorCode !== undefined && { errorCode: errorCode as ErrorCode }),
    flagMetadata: { ...metadata, ...Object.fromEntries(told) } as FlagMetadata,
  };
}

/** True for an answer that the same key will get again. */
export const isRefusal = (status: number | undefined): boolean => status === 401 || status === 403;
