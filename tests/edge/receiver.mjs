// A target of webhooks: checks each message by its signature, and answers as a test says.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

/** The seconds by which a message's moment may differ from the receiver's clock. */
const WINDOW_S = 300;

/** Returns true if a message is signed with the secret, at most five minutes ago: the check of docs/operations.md, written apart. */
export function isGenuine(secret, { headers, body }, now = Date.now()) {
  const [id, moment, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(name => headers[name]);
  if (Math.abs(now / 1000 - Number(moment)) > WINDOW_S) return false;
  const expected = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(`${id}.${moment}.${body}`)
    .digest();
  return signatures.split(' ').some(signature => {
    const [version, code] = signature.split(',');
    const given = Buffer.from(code ?? '', 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/**
 * A receiver on this machine.
 *
 * @param {(message: object, count: number) => unknown} answer what to do with a message: a status, `{ status, headers, body }`, or a promise of
 *   either; `null` never answers. By default 204.
 */
export async function receiver(answer = () => 204) {
  const messages = [];
  const waiting = [];
  const look = () => {
    for (const wait of waiting.splice(0)) if (!wait()) waiting.push(wait);
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const message = { url: request.url, method: request.method, headers: request.headers, body, json: JSON.parse(body) };
    messages.push(message);
    const given = await answer(message, messages.length);
    if (given !== null) {
      const { status = 200, headers = {}, body: said = '' } = typeof given === 'number' ? { status: given } : given;
      response.writeHead(status, headers).end(said);
    }
    message.answered = true;
    look();
  });
  const port = await new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
  return {
    url: `http://127.0.0.1:${port}/hook`,
    messages,
    /** Waits until a condition about the messages holds. */
    until: condition =>
      new Promise((resolve, reject) => {
        const patience = setTimeout(
          () => reject(new Error(`the target received ${JSON.stringify(messages.map(({ json }) => json))}`)),
          60_000,
        );
        waiting.push(() => {
          if (!condition(messages)) return false;
          clearTimeout(patience);
          resolve();
          return true;
        });
        look();
      }),
    stop: () =>
      new Promise(resolve => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
