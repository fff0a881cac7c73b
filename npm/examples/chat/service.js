/**
 * The example shop with its chat, as a worker. `POST /messages` answers a message; `/` and `/frame.html` are pages, with the widget's scripts
 * beside them.
 */
import { answer, ORIGINS } from './replies.js';

const PAGES = ['/index.html', '/framed.html', '/frame.html'];
const SCRIPTS = ['/embed.js', '/frame.js', '/script-engine.js'];

export default {
  async fetch(request, env) {
    const { pathname, origin } = new URL(request.url);
    if (pathname === '/messages')
      return request.method === 'OPTIONS' ? new Response(null, { status: 204, headers: ORIGINS }) : answer(request);
    const name = pathname === '/' ? '/index.html' : pathname;
    if (request.method !== 'GET' || !(PAGES.includes(name) || SCRIPTS.includes(name))) return new Response('not found\n', { status: 404 });
    if (SCRIPTS.includes(name)) return typed(await env.SCRIPTS.fetch(`http://scripts${name}`), 'text/javascript');
    // The disk does not know what the pages are to show: where the flags are, and for which key.
    const page = await (await env.PAGES.fetch(`http://pages${name}`)).text();
    const filled = page
      .replaceAll('{{flags}}', env.FLAGS_URL)
      .replaceAll('{{client-key}}', env.CLIENT_KEY)
      .replaceAll('{{origin}}', origin);
    return new Response(filled, { headers: { 'content-type': 'text/html; charset=utf-8' } });
  },
};

function typed(response, type) {
  const headers = { 'content-type': type, 'access-control-allow-origin': '*' };
  return new Response(response.body, { status: response.status, headers });
}
