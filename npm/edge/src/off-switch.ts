import { setting } from './setting.js';

/** Returns true if the caller or the environment switches flags off. The environment may write `false` in any case, as the worker's may. */
export function isOff(enabled: boolean | undefined): boolean {
  const said = setting('FEATURE_FLAGS_ENABLED') ?? setting('NEXT_PUBLIC_FEATURE_FLAGS_ENABLED');
  return !(enabled ?? said?.toLowerCase() !== 'false');
}
