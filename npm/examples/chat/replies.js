/**
 * Replies to `{ conversationId, message: { id, text } }` as `{ reply: { id, text } }`. No state is kept: the reply to a message depends on the
 * message alone, so that a message that is sent again, because its answer was lost, gets the same reply with the same id.
 */
const MOST_BYTES = 20_000;
export const ORIGINS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type',
  'access-control-max-age': '7200',
};

/** Replies by the first pattern that a message matches. */
const REPLIES = [
  [/\b(where|track|order|parcel|deliver)/i, 'Your order is on its way. It arrives on Thursday between 9 and 12.'],
  [/\b(return|refund|money back)/i, 'You can return everything within 30 days. Shall I send you a label?'],
  [/\b(open|hours|when)/i, 'We answer from Monday to Friday between 8 and 18.'],
  [/\b(thanks|thank you|bye)/i, 'You are welcome!'],
  [/\b(hello|hi|hey)\b/i, 'Hello! What can I do for you?'],
];

/** Answers a request for a reply. */
export async function answer(request) {
  if (request.method !== 'POST') return refusal(405, 'send a message by POST');
  const text = await request.text();
  if (text.length > MOST_BYTES) return refusal(413, `a message has at most ${MOST_BYTES} bytes`);
  const message = readMessage(text);
  if (!message) return refusal(400, 'expected {"conversationId":"…","message":{"id":"…","text":"…"}}');
  const [, reply] = REPLIES.find(([pattern]) => pattern.test(message.text)) ?? [];
  const said = reply ?? `You wrote: “${message.text.slice(0, 200)}”. A colleague will look into it.`;
  return Response.json({ reply: { id: `reply-to-${message.id}`, text: said } }, { headers: ORIGINS });
}

function readMessage(text) {
  try {
    const { conversationId, message } = JSON.parse(text);
    const isText = (value, most) => typeof value === 'string' && value !== '' && value.length <= most;
    return isText(conversationId, 100) && isText(message.id, 90) && isText(message.text, 4000) ? message : undefined;
  } catch {
    return undefined;
  }
}

const refusal = (status, detail) => Response.json({ status, detail }, { status, headers: ORIGINS });
