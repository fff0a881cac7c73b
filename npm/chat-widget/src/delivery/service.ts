/** The service that answers a visitor's messages. */
import { LONGEST_TEXT, type Message } from '../conversation/message.js';

export interface Reply {
  readonly id: string;
  readonly text: string;
}

/** A refusal that the same message will get again. */
export class Refused extends Error {}

/** The longest wait for a reply, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Sends a message: `POST { conversationId, message: { id, text } }`, answered by `{ reply: { id, text } }`. A service answers a message id
 * that it knows with the same reply, so that a message may be sent again after an answer was lost.
 *
 * @throws {Refused} for an answer of 400 to 499 other than 408, 425 and 429; any other error may pass
 */
export async function send(address: string, conversationId: string, { id, text }: Message): Promise<Reply> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ conversationId, message: { id, text } }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) {
    const mayPass = response.status >= 500 || [408, 425, 429].includes(response.status);
    const message = `the chat's service answered ${response.status}`;
    throw mayPass ? new Error(message) : new Refused(message);
  }
  const { reply } = ((await response.json()) ?? {}) as { reply?: Partial<Record<keyof Reply, unknown>> };
  const { id: replyId, text: replyText } = reply ?? {};
  if (typeof replyId !== 'string' || replyId === '' || replyId.length > 100 || typeof replyText !== 'string' || replyText === '')
    throw new Error("the chat's service answered no reply");
  return { id: replyId, text: replyText.slice(0, LONGEST_TEXT) };
}
