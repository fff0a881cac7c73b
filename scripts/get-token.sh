#!/usr/bin/env bash
# Prints a user's token, which is valid for an hour:
#
#   JWT_SECRET=… scripts/get-token.sh test.user@pf.dev
#
# JWT_SECRET is the secret that the worker verifies tokens with, of 32 bytes or more; JWT_ISSUER and JWT_AUDIENCE are as the worker's, if it
# has them. The address is the user's name (`sub`) and their `email`. The token has no role, so it evaluates flags for this user and nothing else.
# Where an identity provider issues the tokens, use the access token of its session instead. Needs node.
set -euo pipefail

: "${JWT_SECRET:?expected the secret of the worker in JWT_SECRET}"
[ $# -eq 1 ] && [ -n "$1" ] || { echo "usage: JWT_SECRET=… $0 EMAIL" >&2; exit 2; }

# The secret is no argument of node, so that it is not in the list of processes.
exec node - "$1" <<'JS'
const { createHmac } = require('node:crypto');

const { JWT_SECRET, JWT_ISSUER: iss, JWT_AUDIENCE: aud } = process.env;
const [, , email] = process.argv;
if (Buffer.byteLength(JWT_SECRET) < 32) {
  console.error('expected at least 32 bytes in JWT_SECRET');
  process.exit(2);
}
const iat = Math.floor(Date.now() / 1000);
const claims = { sub: email, email, iat, exp: iat + 3600, ...(iss && { iss }), ...(aud && { aud }) };
const signed = [{ alg: 'HS256', typ: 'JWT' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
console.log(`${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`);
JS
