// `POST /test/sql` with a list of statements, each a text and what is bound: the rows of the last, or `{ error }` and nothing is done.
import { DurableObject } from 'cloudflare:workers';

export class FlagHub extends DurableObject {
  async fetch(request) {
    const statements = await request.json();
    const { sql } = this.ctx.storage;
    try {
      const rows = this.ctx.storage.transactionSync(() => statements.map(([text, ...bound]) => sql.exec(text, ...bound).toArray()).at(-1));
      await this.ctx.storage.sync();
      return Response.json(rows);
    } catch (error) {
      return Response.json({ error: error.message });
    }
  }
}

export default {
  fetch(request, env) {
    if (new URL(request.url).pathname !== '/test/sql') return new Response(null, { status: 404 });
    return env.HUB.get(env.HUB.idFromName('main')).fetch(request);
  },
};
