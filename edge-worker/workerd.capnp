# The worker on workerd, for `cargo xtask dev` and for your own server:
#
#   workerd serve workerd.capnp --socket-addr http=127.0.0.1:8787 \
#     --directory-path store=DIR --directory-path import=DIR --directory-path assets=dist/assets
#
# `import` may hold `flags.json`, which the worker imports into an empty store, once. All settings are environment variables; a setting
# that is not set opens nothing. If one cannot be read, every request is answered 503.
#
#   CLIENT_KEY, SERVER_KEY      the keys for evaluation: one for pages, which anybody can read there, and one for servers. Neither is
#                               required: operators can make keys, as below, and list, rotate and revoke them
#   CLIENT_ORIGINS              the origins whose pages may use CLIENT_KEY, separated by commas, or `*`; by default only the worker's own.
#                               A key that an operator makes lists its own origins
#   JWT_SECRET                  the secret that verifies tokens signed with HS256: at least 32 bytes
#   JWKS, JWKS_URL              the public keys that verify RS256, ES256 and EdDSA: as text, or the address where the token issuer
#                               publishes them. The worker fetches from no other address, and trusts the keys that it finds there
#   JWT_ISSUER, JWT_AUDIENCE    the `iss` and the `aud` that every token must have; by default any
#   RATE_LIMITS                 the most requests a minute, separated by commas, or `off`. By default `admin=30` changes and `read=600`
#                               reads of one administrator, `user=30` evaluations with one user's token, and `client=600` with a client
#                               key from one address
#   CLIENT_ADDRESS_HEADER       the header in which your proxy names the client's address; by default the connection's address counts
#   DEMO=on                     opens `/demo/explain`, which explains answers to anybody with a client key, with the lists and
#                               conditions in the rules
#   FEATURE_FLAGS_ENABLED=false switches all flags off: callers get their defaults, and only operators' requests reach the hub
#   FAST_WAY=off                makes every request take the long way, for tests; the answers are the same
#   TEST_CLOCK=on               lets requests set the time for commands, keys and identities, with the header `twinflag-now` in
#                               milliseconds since 1970. Never set it on a server that matters
#
# A new deployment accepts only tokens: those signed with JWT_SECRET, or by the issuer of JWKS or JWKS_URL. With one, make the first key:
#
#   openssl rand -hex 32 > jwt-secret                                # JWT_SECRET=$(cat jwt-secret) workerd serve …
#   TOKEN=$(cargo xtask token --secret-file jwt-secret --sub you@example.com --role admin)
#   curl -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' http://127.0.0.1:8787/api/admin/keys \
#     -d '{"kind":"client","label":"the shop","origins":["https://shop.example"],"reason":"the first key"}'
#
# The answer shows `key` only once. `"kind":"server"` makes a key for servers. PUT /api/admin/document imports the flags.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
    (name = "store", disk = (writable = true)),
    (name = "import", disk = ()),
    (name = "assets", disk = ()),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:8787", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "dist/worker/index.js"),
    (name = "edge_bg.wasm", wasm = embed "dist/worker/edge_bg.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "HUB", durableObjectNamespace = "FlagHub"),
    (name = "IMPORT", service = "import"),
    (name = "ASSETS", service = "assets"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "CLIENT_ORIGINS", fromEnvironment = "CLIENT_ORIGINS"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "JWKS", fromEnvironment = "JWKS"),
    (name = "JWKS_URL", fromEnvironment = "JWKS_URL"),
    (name = "JWT_ISSUER", fromEnvironment = "JWT_ISSUER"),
    (name = "JWT_AUDIENCE", fromEnvironment = "JWT_AUDIENCE"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
    (name = "CLIENT_ADDRESS_HEADER", fromEnvironment = "CLIENT_ADDRESS_HEADER"),
    (name = "DEMO", fromEnvironment = "DEMO"),
    (name = "FEATURE_FLAGS_ENABLED", fromEnvironment = "FEATURE_FLAGS_ENABLED"),
    (name = "TEST_CLOCK", fromEnvironment = "TEST_CLOCK"),
    (name = "FAST_WAY", fromEnvironment = "FAST_WAY"),
  ],
  durableObjectNamespaces = [ (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true) ],
  durableObjectStorage = (localDisk = "store"),
);
