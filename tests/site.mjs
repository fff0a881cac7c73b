// Built pages on one origin with the worker: a folder of files, and everything below /v1 and /ofrep passed on.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { Readable } from 'node:stream';

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

/**
 * Serves a folder.
 *
 * @param {{ folder: string, worker: string, headers?: Record<string, string>, pages?: Record<string, string> }} options `worker`: its address;
 *   `headers`: sent with every file; `pages`: by path, pages that are no files.
 */
export async function startSite({ folder, worker, headers = {}, pages = {} }) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    try {
      if (/^\/(v1|ofrep)\//.test(pathname)) {
        asked.push(pathname);
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const { host, connection, 'content-length': length, ...passed } = request.headers;
        const answer = await fetch(worker + request.url, {
          method: request.method,
          headers: passed,
          body: chunks.length ? Buffer.concat(chunks) : undefined,
        });
        response.writeHead(
          answer.status,
          Object.fromEntries(
            [...answer.headers].filter(([name]) => !['content-encoding', 'content-length', 'transfer-encoding'].includes(name)),
          ),
        );
        if (answer.headers.get('content-type') !== 'text/event-stream') return response.end(Buffer.from(await answer.arrayBuffer()));
        // A stream has no end of its own: it is passed on until the page lets go of it.
        const events = Readable.fromWeb(answer.body);
        response.on('close', () => events.destroy());
        events.on('error', () => response.destroy());
        return events.pipe(response);
      }
      const page = pages[pathname];
      const name = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
      const body = page ?? (await readFile(join(folder, normalize(name))));
      response.writeHead(200, { 'content-type': (page === undefined && TYPES[extname(name)]) || 'text/html', ...headers });
      response.end(body);
    } catch (error) {
      // A worker that is gone looks like a gateway's answer to a page.
      response.writeHead(error.code === 'ENOENT' ? 404 : 502).end();
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    pages,
    asked,
    programs: () => asked.filter(path => path === '/v1/program').length,
    stop,
  };
}
