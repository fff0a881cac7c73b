/** The milliseconds between two comments, without which a client that left would not be noticed. */
const BEAT_MS = 20_000;
/** The longest life of a stream in milliseconds; each ends up to a fifth earlier, so that clients do not return at once. */
const LIFE_MS = 300_000;
/** The most milliseconds after which a client returns: behind a stream that was cut, and behind one that ended in its time. */
const CUT_MS = 30_000,
  ENDED_MS = 2_000;
/** The most bytes that wait for a client that reads slowly. A message has about a hundred. */
const WAITING = 16_384;

const utf8 = new TextEncoder();

/**
 * Server-sent events from the messages of a socket. The stream ends with the socket, with its client, and after its life. It lies outside
 * of the Rust module, so that it survives a trap.
 */
export function eventStream(socket) {
  const { readable, writable } = new TransformStream(undefined, { highWaterMark: WAITING, size: chunk => chunk.byteLength });
  const out = writable.getWriter();
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(beat);
    clearTimeout(life);
    try {
      socket.close(1000);
    } catch {
      // It is closed already.
    }
    out.close().catch(() => {});
  };
  const put = text => {
    if (isOver) return;
    if (out.desiredSize !== null && out.desiredSize < 0) return end();
    out.write(utf8.encode(text)).catch(end);
  };
  const retry = most => put(`retry: ${1 + Math.floor(Math.random() * most)}\n\n`);
  const beat = setInterval(() => put(':\n\n'), BEAT_MS);
  const life = setTimeout(
    () => {
      retry(ENDED_MS);
      end();
    },
    LIFE_MS * (1 - Math.random() / 5),
  );
  socket.addEventListener('message', ({ data }) => put(`data: ${data}\n\n`));
  socket.addEventListener('close', end);
  socket.addEventListener('error', end);
  out.closed.catch(end);
  retry(CUT_MS);
  socket.accept();
  return readable;
}
