// `POST /test/old` with `{ bucketKey, documents: [{ version, text }] }` fills a store as the release whose store had only documents did.
import { DurableObject } from 'cloudflare:workers';
import schema from '0001_documents.sql';

const PART = 500_000;

export class FlagHub extends DurableObject {
  async fetch(request) {
    const { bucketKey, documents } = await request.json();
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      sql.exec('CREATE TABLE migrations (number INTEGER PRIMARY KEY)');
      sql.exec(schema);
      sql.exec('INSERT INTO migrations (number) VALUES (1)');
      sql.exec('INSERT INTO bucket_key (id, hex) VALUES (1, ?)', bucketKey);
      for (const { version, text } of documents) {
        sql.exec('INSERT INTO documents (version, imported_at) VALUES (?, ?)', version, 1_762_128_000_000);
        for (let part = 0; part * PART < text.length; part++) {
          sql.exec(
            'INSERT INTO document_parts (version, part, text) VALUES (?, ?, ?)',
            version,
            part,
            text.slice(part * PART, (part + 1) * PART),
          );
        }
      }
    });
    await this.ctx.storage.sync();
    return new Response();
  }
}

export default {
  fetch(request, env) {
    if (new URL(request.url).pathname !== '/test/old') return new Response(null, { status: 404 });
    return env.HUB.get(env.HUB.idFromName('main')).fetch(request);
  },
};
