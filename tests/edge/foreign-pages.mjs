// Pages of other origins, and requests as they send them.
import { request as ask } from 'node:http';

/** Two origins that a test lists. */
export const PAGE = 'https://shop.example';
export const APP = 'https://app.shop.example:8443';

/** Origins that resemble one of those two, or that a lenient comparison would accept. */
export const TRICKS = [
  'null',
  'NULL',
  'undefined',
  '*',
  '',
  ' ',
  'file://',
  'about:blank',
  'data:',
  'https://',
  '//shop.example',
  'shop.example',
  'www.shop.example',
  'http://shop.example',
  'ftp://shop.example',
  'ws://shop.example',
  'wss://shop.example',
  'HTTPS://shop.example',
  'https://SHOP.example',
  'https://Shop.Example',
  'https:shop.example',
  'https:/shop.example',
  'https:///shop.example',
  'https:\\\\shop.example',
  'https://shop.example:443',
  'https://shop.example:80',
  'https://shop.example:8443',
  'https://shop.example:',
  'https://shop.example:0',
  'https://app.shop.example',
  'https://app.shop.example:443',
  'https://app.shop.example:84430',
  'https://shop.example.evil.example',
  'https://shop.example-evil.example',
  'https://evilshop.example',
  'https://evil.shop.example',
  'https://shop.example.',
  'https://shop.examplee',
  'https://shop.exampl',
  'https://shopxexample',
  'https://evil.example/https://shop.example',
  'https://shop.example/',
  'https://shop.example/path',
  'https://shop.example?x',
  'https://shop.example#x',
  'https://user@shop.example',
  'https://shop.example@evil.example',
  'https://shop.example:pass@evil.example',
  'https://evil.example#@shop.example',
  'https://evil.example\\@shop.example',
  'https://shop.example,https://evil.example',
  'https://shop.example https://evil.example',
  'https://evil.example, https://shop.example',
  `${PAGE}, ${APP}`,
  '"https://shop.example"',
  "'https://shop.example'",
  '<https://shop.example>',
  'https://shop%2eexample',
  'https://shop.example%00.evil.example',
  'https://shop\u00b7example',
  'https://xn--shp-9na.example',
  'https://sh\u00f6p.example',
  'https://[shop.example]',
  'https://127.0.0.1',
  'https://*.example',
  'https://*',
  '.*',
  'https://shop.example;',
  'https://shop.example|',
];

/** Sends a request with any headers, unchanged and also twice, which node's `fetch` does not allow. */
export function rawTo(server, path, method, headers, body) {
  return new Promise((resolve, reject) => {
    const request = ask(server.url + path, { method, headers }, response => response.resume().on('end', () => resolve(response)));
    request.on('error', reject).end(body);
  });
}
