// A token issuer of the tests: its keys, and the server that publishes them.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export const jose = await import(pathToFileURL(createRequire(new URL('../../npm/package.json', import.meta.url)).resolve('jose')));

/** A key pair for an algorithm, with the public key as the issuer publishes it. */
export async function pair(alg, kid) {
  const made = {
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: () => generateKeyPairSync('ed25519'),
  }[alg]();
  return { alg, kid, ...made, jwk: { ...(await jose.exportJWK(made.publicKey)), kid, alg, use: 'sig' } };
}

/** A server that answers with what `answer` returns, and records the paths of its requests. */
export async function listener(answer) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const { status = 200, headers = {}, body } = answer();
    // With a null body it never answers.
    if (body !== null)
      response.writeHead(status, headers).end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise(resolve => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}`, asked, stop };
}
