// `GET /stream?name=&messages=`: events from a socket, at whose other end so many messages of 64 kB are sent, one after the other was taken,
// and which is then closed. `GET /ended?name=`: the number of messages that were sent when that socket was closed.
import { DurableObject } from 'cloudflare:workers';

import { eventStream } from 'event-stream.js';

const LENGTH = 65_536;

/** Sends messages until the socket is closed. */
export class Sender extends DurableObject {
  #sent = 0;
  #end = Promise.withResolvers();
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/ended') return Response.json({ sent: await this.#end.promise });
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    let isOver = false;
    server.addEventListener('close', () => {
      isOver = true;
      this.#end.resolve(this.#sent);
    });
    const send = async () => {
      const text = 'x'.repeat(LENGTH);
      for (; this.#sent < Number(searchParams.get('messages')) && !isOver; this.#sent++) {
        server.send(text);
        await scheduler.wait(2);
      }
      if (!isOver) server.close(1000);
    };
    this.ctx.waitUntil(send());
    return new Response(null, { status: 101, webSocket: client });
  }
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/health') return new Response('');
    const sender = env.SENDER.get(env.SENDER.idFromName(searchParams.get('name')));
    if (pathname === '/ended') return sender.fetch(request);
    const { webSocket } = await sender.fetch(request.url, { headers: { upgrade: 'websocket' } });
    return new Response(eventStream(webSocket), { headers: { 'content-type': 'text/event-stream' } });
  },
};
