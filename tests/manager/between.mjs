// A server between somebody and the worker, which may lose an answer, or give none.
import { createServer } from 'node:http';

/**
 * Starts it. `lose`: how many answers to writes do not arrive from now on, though the worker has given them; `requests`: what went through.
 *
 * @param {() => string} worker its address, once there is one.
 */
export async function startBetween(worker) {
  const between = { lose: 0, requests: [] };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host, connection, 'content-length': length, ...headers } = request.headers;
    between.requests.push({ method: request.method, url: request.url, headers });
    const answer = await fetch(worker() + request.url, {
      method: request.method,
      headers,
      body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (request.method !== 'GET' && between.lose-- > 0) return request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
    response.end(body);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return Object.assign(between, { url: `http://127.0.0.1:${server.address().port}`, stop });
}
