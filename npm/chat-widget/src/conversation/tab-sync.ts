/** Shows what is said in one tab in all tabs of this origin, at once. */
import type { Conversation } from './conversation.js';
import { type Message, readMessage } from './message.js';

/** Shares the conversation until the returned function is called. */
export function shareWithTabs(conversation: Conversation): () => void {
  const channel = new BroadcastChannel(`twinflag-chat:${conversation.id}`);
  let isHearing = false;
  const unsubscribe = conversation.subscribe(changed => {
    // A tab that repeated what it heard would never end.
    if (!isHearing) channel.postMessage(changed);
  });
  const hear = ({ data }: MessageEvent) => {
    if (!Array.isArray(data)) return;
    const messages = data.map(readMessage).filter((message): message is Message => message !== undefined);
    isHearing = true;
    try {
      conversation.absorb(messages);
    } finally {
      isHearing = false;
    }
  };
  channel.addEventListener('message', hear);
  channel.postMessage(conversation.messages);
  return () => {
    unsubscribe();
    channel.close();
  };
}
