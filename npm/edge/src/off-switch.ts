import { setting } from './setting.js';

/** Whether flags are switched off here, by whoever asks or by the environment. */
export function isOff(enabled: boolean | undefined): boolean {
  const said = setting('FEATURE_FLAGS_ENABLED') ?? setting('NEXT_PUBLIC_FEATURE_FLAGS_ENABLED');
  return !(enabled ?? said !== 'false');
}
