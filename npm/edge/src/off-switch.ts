import { setting } from './setting.js';

/** Whether flags are switched off here, by the caller or by the environment, which may write `false` in any case, as the worker's may. */
export function isOff(enabled: boolean | undefined): boolean {
  const said = setting('FEATURE_FLAGS_ENABLED') ?? setting('NEXT_PUBLIC_FEATURE_FLAGS_ENABLED');
  return !(enabled ?? said?.toLowerCase() !== 'false');
}
