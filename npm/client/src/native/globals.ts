/**
 * What a mobile runtime lacks of the web, for the entry `native` alone: its build puts these in place of the globals with the same names, and sets
 * none.
 */
import { decodeUtf8 } from './utf8.js';

/** React Native's own has no `ignoreBOM`, and older ones have none at all. */
export class TextDecoder {
  decode(bytes: Uint8Array): string {
    return decodeUtf8(bytes);
  }
}

/** The runtime's, with a reason: the one of React Native follows an older version of the standard. */
export class AbortController extends globalThis.AbortController {
  constructor() {
    super();
    const { signal } = this;
    signal.throwIfAborted ??= () => {
      if (signal.aborted) throw signal.reason;
    };
  }

  override abort(reason: unknown = new Error('aborted')): void {
    const { signal } = this;
    if (!('reason' in signal)) Object.assign(signal, { reason });
    super.abort(reason);
  }
}

/** The runtime's; without one, numbers that tell outcomes apart and are no secret. */
export const crypto: Pick<Crypto, 'getRandomValues'> = globalThis.crypto ?? {
  getRandomValues<T>(array: T): T {
    const bytes = array as unknown as Uint8Array;
    for (let at = 0; at < bytes.length; at++) bytes[at] = Math.random() * 256;
    return array;
  },
};
