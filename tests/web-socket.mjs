// A WebSocket client (RFC 6455) for Node 20, which has none: it reads what a server sends, and can send short texts.
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';

const PATIENCE_MS = 30_000;

/**
 * Opens a socket. Resolves to its messages, or to `{ status }` if the server refuses.
 *
 * @param {string} url an `http:` address
 * @param {Record<string, string>} headers
 */
export function openSocket(url, headers = {}) {
  return new Promise((resolve, reject) => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    const asked = request(url, {
      agent: false,
      timeout: PATIENCE_MS,
      headers: { ...upgrade, 'sec-websocket-key': randomBytes(16).toString('base64'), ...headers },
    });
    asked.once('error', reject);
    asked.once('response', answer => {
      answer.resume();
      resolve({ status: answer.statusCode });
    });
    asked.once('upgrade', (_, socket, head) => {
      socket.setTimeout(0);
      resolve(opened(socket, head));
    });
    asked.end();
  });
}

/** The messages of a socket, as they come: `next` waits for one that suits, `closed` resolves to the code of the end. */
function opened(socket, head) {
  const messages = [],
    waiting = new Set();
  let rest = head,
    code = 1006,
    read = 0;
  const look = () => {
    for (const { suits, resolve } of [...waiting]) {
      const at = messages.findIndex((message, index) => index >= read && suits(message));
      if (at >= 0) {
        read = at + 1;
        resolve(messages[at]);
      }
    }
  };
  const take = chunk => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 2) return;
      const long = rest[1] === 126 ? 2 : 0;
      if (rest.length < 2 + long) return;
      const length = long ? rest.readUInt16BE(2) : rest[1],
        start = 2 + long;
      if (rest.length < start + length) return;
      const body = rest.subarray(start, start + length);
      if ((rest[0] & 15) === 8) {
        code = length >= 2 ? body.readUInt16BE(0) : 1005;
        socket.end(Buffer.from([136, 128, 0, 0, 0, 0]));
      }
      if ((rest[0] & 15) === 1) messages.push(body.toString());
      rest = rest.subarray(start + length);
      look();
    }
  };
  const closed = new Promise(resolve => {
    socket.once('close', () => resolve(code));
    socket.once('end', () => socket.destroy());
    socket.on('error', () => {});
  });
  socket.on('data', take);
  take(Buffer.alloc(0));
  return {
    status: 101,
    messages,
    closed,
    /** Waits for the first message, behind those that were waited for, that suits. */
    next: (suits = () => true) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no such message; there were ${messages.join(' ')}`)), PATIENCE_MS);
        const waiter = {
          suits,
          resolve: message => {
            clearTimeout(timer);
            waiting.delete(waiter);
            resolve(message);
          },
        };
        waiting.add(waiter);
        void closed.then(over => waiting.has(waiter) && reject(new Error(`the socket was closed with ${over}`)));
        look();
      }),
    /** Sends a text; a client masks what it sends. */
    send: text => {
      const body = Buffer.from(text),
        mask = randomBytes(4);
      const length = body.length < 126 ? [128 | body.length] : [128 | 126, body.length >> 8, body.length & 255];
      socket.write(Buffer.concat([Buffer.from([129, ...length]), mask, body.map((byte, at) => byte ^ mask[at & 3])]));
    },
    end: () => socket.destroy(),
  };
}
