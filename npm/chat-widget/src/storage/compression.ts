/** Texts deflated by the browser, as base64, which every storage can hold. */

/** The beginning of a compressed text. JSON begins otherwise. */
const MARK = 'z1:';

export interface Compressed {
  readonly text: string;
  /** The units of the text before, divided by those after; below 1 for a text that grew. */
  readonly ratio: number;
}

export async function compress(text: string): Promise<Compressed> {
  const bytes = await through(new Blob([text]), new CompressionStream('deflate-raw'));
  const packed = MARK + toBase64(bytes);
  return { text: packed, ratio: text.length / packed.length };
}

export const isCompressed = (text: string): boolean => text.startsWith(MARK);

/** @throws for a text that `compress` has not made, or one of more than `most` bytes */
export async function decompress(text: string, most: number): Promise<string> {
  const packed = Uint8Array.from(atob(text.slice(MARK.length)), character => character.charCodeAt(0));
  const bytes = await through(new Blob([packed]), new DecompressionStream('deflate-raw'), most);
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

async function through(blob: Blob, transform: ReadableWritablePair<Uint8Array, BufferSource>, most = Infinity): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = blob.stream().pipeThrough(transform).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
    if (length <= most) continue;
    await reader.cancel();
    throw new RangeError(`a stored conversation has more than ${most} bytes`);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  // A call takes a bounded number of arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}
