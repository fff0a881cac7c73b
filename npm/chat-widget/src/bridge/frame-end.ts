/** The frame's end of the bridge to the page around it. */
import type { Store } from '../storage/store.js';
import { type FromFrame, HELLO, type Question, readFromPage } from './protocol.js';

/** The longest wait for the page, in milliseconds. */
const ANSWER_MS = 5000;

export interface FrameEnd {
  /** The page's storage. Each call rejects if the page refuses, or answers not in time. */
  readonly store: Store;
  /** Tells the page whether the widget is open, and how many messages are unread. */
  shown(isOpen: boolean, unread: number): void;
  close(): void;
}

/**
 * Connects with the page around this frame, which must be of `origin`.
 *
 * @param show called when the page opens or closes the widget
 * @throws if no page of that origin answers within 5 seconds
 */
export async function openFrameEnd(origin: string, show: (isOpen: boolean) => void): Promise<FrameEnd> {
  const port = await connect(origin);
  const waiting = new Map<number, { resolve(text: string | null): void; reject(reason: unknown): void }>();
  let last = 0;

  port.onmessage = event => {
    const message = readFromPage(event.data);
    if (!message) return;
    if (message.kind === 'show') return show(message.isOpen);
    const asked = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.kind === 'answer') asked?.resolve(message.text);
    else asked?.reject(message.isFull ? new DOMException(message.message, 'QuotaExceededError') : new Error(message.message));
  };

  const ask = (question: Question) =>
    new Promise<string | null>((resolve, reject) => {
      const number = ++last;
      waiting.set(number, { resolve, reject });
      setTimeout(() => waiting.delete(number) && reject(new Error('the page around the widget does not answer')), ANSWER_MS);
      port.postMessage({ kind: 'question', number, question } satisfies FromFrame);
    });

  return {
    store: {
      kind: 'parent',
      read: name => ask({ ask: 'read', name }),
      write: async (name, text) => void (await ask({ ask: 'write', name, text })),
      remove: async name => void (await ask({ ask: 'remove', name })),
    },
    shown: (isOpen, unread) => port.postMessage({ kind: 'shown', isOpen, unread } satisfies FromFrame),
    close: () => port.close(),
  };
}

function connect(origin: string): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const listening = new AbortController();
    const timer = setTimeout(() => {
      listening.abort();
      reject(new Error(`no page of ${origin} answers around the widget`));
    }, ANSWER_MS);
    const hear = ({ data, source, origin: from, ports: [port] }: MessageEvent) => {
      if (data !== HELLO || source !== window.parent || from !== origin || !port) return;
      clearTimeout(timer);
      listening.abort();
      resolve(port);
    };
    window.addEventListener('message', hear, listening);
    window.parent.postMessage(HELLO, origin);
  });
}
