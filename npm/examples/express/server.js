// An API whose new way of pricing is rolled back by itself if it fails too often.
import { createServerClient } from '@twinflag/server';
import express from 'express';

import { newPrice, oldPrice, productOf } from './prices.js';

const flags = createServerClient({ url: process.env.TWINFLAG_URL, serverKey: process.env.TWINFLAG_SERVER_KEY });
const app = express();

app.get('/delivery/:product', async (request, response) => {
  const product = productOf(request.params.product);
  if (!product) return response.sendStatus(404);
  // The finest identity counts errors: a session, else a user.
  const visitor = { sessionId: request.get('x-session'), customerId: request.get('x-customer') };
  response.json(await flags.run('new_pricing', visitor, { on: () => newPrice(product), off: () => oldPrice(product) }));
});

await flags.ready();
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
process.once('SIGTERM', () => server.close(() => flags.close()));
