/** The peer: what one writes with GrowthBook's SDK in plain JavaScript, behind the same key, to answer the same questions. */
import { GrowthBookClient } from '@growthbook/growthbook';
import rules from 'rules.json';

const client = new GrowthBookClient({}).initSync({ payload: rules });
const keys = Object.keys(rules.features);
const ONE = '/ofrep/v1/evaluate/flags/';

const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

const answer = (key, context) => {
  const { value, on, source } = client.evalFeature(key, context);
  return { key, reason: source, value, variant: on ? 'on' : 'off' };
};

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/health') return json({ status: 'ok' });
    if (request.headers.get('authorization') !== `Bearer ${env.CLIENT_KEY}`) return json({ errorDetails: 'no valid key' }, 401);
    const {
      context: { targetingKey, ...rest },
    } = await request.json();
    const context = { attributes: { id: targetingKey, ...rest } };
    if (pathname.startsWith(ONE)) return json(answer(decodeURIComponent(pathname.slice(ONE.length)), context));
    return json({ flags: keys.map(key => answer(key, context)) });
  },
};
