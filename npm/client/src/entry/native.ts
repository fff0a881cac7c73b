/**
 * For engines without WebAssembly, such as React Native's Hermes: flags are answered by the engine as a script, and the app gives its storage and
 * its state.
 *
 * ```ts
 * import AsyncStorage from '@react-native-async-storage/async-storage';
 * import { AppState } from 'react-native';
 * import { createClient, deviceStorage } from '@twinflag/client/native';
 *
 * const flags = createClient({ url, clientKey, context, appState: AppState, storage: deviceStorage(AsyncStorage) });
 * ```
 */
import instantiate from '../../dist/script/engine.js';
import { openClient } from '../client.js';
import type { Client, ClientOptions } from '../flag-client.js';
import { type AppState, watchApp } from '../native/app-state.js';
import { pageEngine } from '../page-engine.js';
import type { RefreshOptions } from '../refresh-options.js';

export type { AppState } from '../native/app-state.js';
export { type DeviceStorageOptions, type DeviceTexts, deviceStorage } from '../native/device-storage.js';
export { type Exposure, evaluationEvent, type OutcomeOptions, outcomes } from '../outcomes.js';
export * from './index.js';

/** How to reach the edge, and who asks. There are no streams and no tabs here: an app that is active polls. */
export interface NativeClientOptions extends Omit<ClientOptions, 'tabs' | 'refresh'> {
  /**
   * `AppState` of `react-native`: the client asks again when the app becomes active, and in the background asks nothing.
   * @default the app counts as active
   */
  readonly appState?: AppState | undefined;
  /** How often the edge is asked whether the answers still hold; `false` as in a page. @default every 30 s, while the app is not in the background */
  readonly refresh?: Omit<RefreshOptions, 'push'> | false | undefined;
}

/** A client of this app, which asks the edge at once. */
export function createClient({ appState, refresh, ...options }: NativeClientOptions): Client {
  return openClient(
    async () => pageEngine(instantiate),
    { ...options, refresh: refresh !== false && { ...refresh, push: false } },
    async () => ({ watchPage: watchApp(appState) }),
  );
}
