/** The page's end of the bridge: it stores texts for a frame of one origin, and shows and hides it. */
import { isFull, pageStore } from '../storage/store.js';
import { type FromPage, HELLO, type Question, readFromFrame } from './protocol.js';

export interface PageEndOptions {
  readonly frame: HTMLIFrameElement;
  /** The origin of the frame's document. Messages of any other origin are ignored, also after the frame was navigated. */
  readonly origin: string;
  /** Called when the widget in the frame opens or closes, or has other unread messages. */
  shown(isOpen: boolean, unread: number): void;
}

export interface PageEnd {
  /** Opens or closes the widget in the frame. */
  show(isOpen: boolean): void;
  close(): void;
}

export function openPageEnd({ frame, origin, shown }: PageEndOptions): PageEnd {
  let port: MessagePort | undefined;
  const listening = new AbortController();
  const send = (message: FromPage) => port?.postMessage(message);

  const answer = async (number: number, question: Question) => {
    try {
      send({ kind: 'answer', number, text: await carryOut(question) });
    } catch (error) {
      send({ kind: 'refusal', number, isFull: isFull(error), message: String(error) });
    }
  };

  const hello = ({ data, source, origin: from }: MessageEvent) => {
    if (data !== HELLO || source !== frame.contentWindow || from !== origin) return;
    // A frame that loads again gets a channel of its own.
    port?.close();
    const { port1, port2 } = new MessageChannel();
    port = port1;
    port.onmessage = event => {
      const message = readFromFrame(event.data);
      if (message?.kind === 'question') void answer(message.number, message.question);
      if (message?.kind === 'shown') shown(message.isOpen, message.unread);
    };
    frame.contentWindow?.postMessage(HELLO, origin, [port2]);
  };
  window.addEventListener('message', hello, listening);

  return {
    show: isOpen => send({ kind: 'show', isOpen }),
    close() {
      listening.abort();
      port?.close();
    },
  };
}

async function carryOut(question: Question): Promise<string | null> {
  if (question.ask === 'read') return pageStore.read(question.name);
  if (question.ask === 'write') await pageStore.write(question.name, question.text);
  else await pageStore.remove(question.name);
  return null;
}
