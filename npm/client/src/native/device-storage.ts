import { textOf } from '../host/places.js';
import { LONGEST_AGE_MS, USUAL_AGE_MS } from '../limits.js';
import { check } from '../refresh-options.js';
import { hashOf, nameOf, openEntry, sealed } from '../stored-entry.js';
import type { MakeStore, ProgramStore } from '../stored-program.js';

/** Where a device keeps texts, as `AsyncStorage` of `@react-native-async-storage/async-storage` does. */
export interface DeviceTexts {
  getItem(name: string): Promise<string | null>;
  setItem(name: string, text: string): Promise<unknown>;
  removeItem(name: string): Promise<unknown>;
}

export interface DeviceStorageOptions {
  /** The milliseconds for which a program is kept, 1 to 86,400,000 times 366. @default 30 days */
  readonly maxAgeMs?: number;
}

/** The longest wait for the device; afterwards the edge is asked without what is stored. */
const READ_MS = 1000;

/**
 * The option `storage` of `createClient`: keeps the last good program on the device, so that an app has its last answers when it starts, marked
 * stale, also while the flag server is away. A device that fails, or gives no answer within a second, is as if it had kept nothing.
 *
 * @throws {RangeError} for an option outside its bounds
 */
export function deviceStorage(device: DeviceTexts, { maxAgeMs = USUAL_AGE_MS }: DeviceStorageOptions = {}): MakeStore {
  check('storage.maxAgeMs', maxAgeMs, 1, LONGEST_AGE_MS);
  return (url, clientKey) => createStore(device, nameOf(url, clientKey), maxAgeMs);
}

function createStore(device: DeviceTexts, name: string, maxAgeMs: number): ProgramStore {
  /** The newest text that waits to be kept, null to keep none; absent if none waits. Older ones are let go, so that a slow device holds up one. */
  let waiting: string | null | undefined;
  let isKeeping = false;
  const keep = async () => {
    if (isKeeping) return;
    isKeeping = true;
    try {
      while (waiting !== undefined) {
        const text = waiting;
        waiting = undefined;
        await (text === null ? device.removeItem(name) : device.setItem(name, text));
      }
    } catch {
      // The device refuses it, or is full.
    }
    isKeeping = false;
  };
  return {
    read(...asked) {
      const found = async () => {
        const text = await device.getItem(name);
        if (text === null) return undefined;
        try {
          return openEntry(text, asked, maxAgeMs);
        } catch {
          // Damaged, or of another form.
          await device.removeItem(name);
          return undefined;
        }
      };
      return new Promise(resolve => {
        const limit = setTimeout(resolve, READ_MS, undefined);
        found()
          .catch(() => undefined)
          .then(stored => {
            clearTimeout(limit);
            resolve(stored);
          });
      });
    },
    write(request, token, stored) {
      const json = stored && textOf(hashOf(request, token, stored.visitor), stored);
      waiting = json === undefined ? null : sealed(json);
      void keep();
    },
  };
}
