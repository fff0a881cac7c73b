/**
 * Requests over connections that stay open, each sent when the one before is answered: no more of HTTP than that takes, so that
 * the sender costs little beside what it measures.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** The header in which a request says where it comes from. */
export const ADDRESS = 'client-address';

/** A request as it goes over the line. */
export function written({ method = 'POST', path, token, address, body = '' }) {
  const authorization = `${token ? `authorization: Bearer ${token}\r\n` : ''}${address ? `${ADDRESS}: ${address}\r\n` : ''}`;
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: bench\r\n${authorization}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/**
 * Sends the requests in turn over so many connections for so long. Throws at an answer other than 200.
 *
 * Answers with requests a second, nanoseconds of CPU a request, and the milliseconds in which 95 of 100 were answered.
 */
export async function load({ port, pid, requests, connections, ms }) {
  let sent = 0,
    until = Infinity;
  const waited = [];
  const run = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      let held = Buffer.alloc(0),
        since = 0;
      const send = () => {
        since = performance.now();
        socket.write(requests[sent++ % requests.length]);
      };
      socket.setNoDelay(true);
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', chunk => {
        held = held.length ? Buffer.concat([held, chunk]) : chunk;
        const rest = afterAnswer(held);
        if (rest === undefined) return;
        if (!held.subarray(0, 15).toString('latin1').startsWith('HTTP/1.1 200')) return reject(new Error(held.toString()));
        held = rest;
        const now = performance.now();
        waited.push(now - since);
        if (now < until) return void send();
        socket.end();
        resolve();
      });
    });
  const cpuBefore = cpuMs(pid),
    start = performance.now();
  until = start + ms;
  await Promise.all(Array.from({ length: connections }, run));
  const took = performance.now() - start,
    cpu = cpuMs(pid) - cpuBefore;
  const p95 = waited.sort((a, b) => a - b)[Math.floor(waited.length * 0.95)];
  return { perSecond: (waited.length * 1e3) / took, cpu: (cpu * 1e6) / waited.length, p95 };
}

/** What stands behind the first answer; undefined while that is not all there. */
function afterAnswer(held) {
  const head = held.indexOf(END_OF_HEAD);
  if (head < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(held.toString('latin1', 0, head));
  if (!length) throw new Error('an answer without a length');
  const end = head + END_OF_HEAD.length + Number(length[1]);
  return held.length >= end ? held.subarray(end) : undefined;
}

/** CPU time of a process so far, all its threads, in milliseconds; NaN where the kernel does not tell. */
export function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    // In hundredths of a second, as Linux counts for everybody who asks there: proc(5).
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return NaN;
  }
}
