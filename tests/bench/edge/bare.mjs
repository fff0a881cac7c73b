/**
 * No peer but a floor: the body is read as bytes, because it may be no UTF-8, and a text that never changes is sent with the headers of
 * ours. No key is looked at, nothing is counted, no flag is evaluated.
 */
const HEAD = new Response(null, {
  headers: {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, no-cache',
    'twinflag-version': '0a1b2c3d4e5f.2',
    vary: 'authorization, twinflag-identity, x-api-key, origin',
  },
});
const BODY = '{"key":"flag-0000-checkout","metadata":{"layer":"rollout","version":2},"reason":"SPLIT","value":false,"variant":"off"}';

export default {
  async fetch(request) {
    await request.arrayBuffer();
    return new Response(BODY, HEAD);
  },
};
