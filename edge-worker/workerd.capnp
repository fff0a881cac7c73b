# The worker on workerd. The npm package `twinflag` has this file, and starts workerd with it; so do `cargo xtask dev` and the tests. By hand:
#
#   workerd serve workerd.capnp --socket-addr http=127.0.0.1:8787 \
#     --directory-path store=DIR --directory-path import=DIR --directory-path assets=dist/assets
#
# `import` may hold `flags.json`, which the worker imports into an empty store, once. All settings are environment variables; a setting
# that is not set opens nothing. If one cannot be read, every request is answered 503.
#
#   CLIENT_KEY, SERVER_KEY      open evaluation: one in pages, which anybody can read, one on servers. Neither is needed: operators
#                               make keys that can be listed, rotated and revoked, as below
#   CLIENT_ORIGINS              the origins, separated by commas, whose pages may ask with CLIENT_KEY, or `*`; without, only our own.
#                               Keys that operators make list their own
#   ADMIN_ORIGINS               the origins, separated by commas, whose pages may send operators' requests; without, only our own
#   JWT_SECRET                  checks tokens signed with HS256: 32 bytes at least
#   JWT_SECRET_PREVIOUS         the one before it, while the secret is rotated
#   JWKS, JWKS_URL              the keys that check RS256, ES256 and EdDSA: as text, or the address where the issuer has them: its
#                               answer is believed
#   JWKS_PRIVATE=on             asks JWKS_URL by the service `inside`: it is on this machine or in a private network. Without, by
#                               `internet`, which reaches public addresses only
#   WEBHOOKS_PRIVATE=on         lets the targets of webhooks be private: the hub asks those by `inside`, and all others by `internet`
#   JWT_ISSUER, JWT_AUDIENCE    `iss` and `aud` of every token; required beside JWKS and JWKS_URL
#   ROLE_CLAIM, ROLE_MAP        the claim with groups, roles or addresses, and the role that each gives
#   ORGANIZATION_CLAIM          the claim with the organization of its members and administrators
#   OIDC_CLIENT_ID              the public client by which operators sign in to the dashboard at JWT_ISSUER, which is then an address
#   OIDC_SCOPES                 the scopes that the dashboard asks for, by default `openid profile email`
#   OIDC_ORIGINS                the origins of the issuer's endpoints that stand elsewhere, separated by commas
#   BREAK_GLASS_TOKEN_HASH      the SHA-256 hash, 64 hexadecimal digits, of a token that opens operators' routes when all others are lost.
#                               Each of its uses is logged as an error, `"event":"break_glass"`: have the log alert somebody
#   SERVICE_ROLE=on             lets Supabase's service key do everything
#   USER_TAGS                   the tags of the flags that a user's token may evaluate
#   RATE_LIMITS                 a minute: `admin=30` changes and `read=600` reads by a subject, `user=30` evaluations with a user's token,
#                               `client=600` from an address with the client key, `failed=30` from an address with credentials
#                               that do not hold, separated by commas; or `off`
#   CLIENT_ADDRESS_HEADER       the header in which a proxy in front names the client's address; without, the connection's counts
#   RELAY_SOCKETS               the most open streams of one relay, 1 to 10000; further ones go to another relay
#   STORE                       the Postgres that has the hubs' journal, as postgres://user:password@host:port/database; without, each hub's
#                               own SQLite in `store` is all there is. It is reached by the service `database`
#   DEMO=on                     opens `/demo`, a page that holds CLIENT_KEY, and tells anybody with that key how answers come about,
#                               with the lists and conditions that were compared
#   FEATURE_FLAGS_ENABLED=false switches all flags off: everybody gets their defaults, and the hub is asked by operators only
#   FAST_WAY=off                sends every request the long way, which answers the same: for tests
#   TEST_CLOCK=on               lets anybody say what time it is for commands, keys and identities (`twinflag-now`, milliseconds since
#                               1970), which the hub's own jobs go on from: never where it matters
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
    # The default of every outgoing request. NAT64 and 6to4 addresses lead to private ones inside public ones.
    (name = "internet", network = (allow = ["public"], deny = ["64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"], tlsOptions = (trustBrowserCas = true))),
    # For JWKS_URL if JWKS_PRIVATE is on, and for the private targets of webhooks if WEBHOOKS_PRIVATE is on.
    (name = "inside", network = (allow = ["private", "local"], tlsOptions = (trustBrowserCas = true))),
    # For STORE alone.
    (name = "database", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
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
    (name = "READER", durableObjectNamespace = "FlagReader"),
    (name = "TALLY", durableObjectNamespace = "FlagTally"),
    (name = "RELAY", durableObjectNamespace = "FlagRelay"),
    (name = "INSIDE", service = "inside"),
    (name = "DATABASE", service = "database"),
    (name = "IMPORT", service = "import"),
    (name = "ASSETS", service = "assets"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "CLIENT_ORIGINS", fromEnvironment = "CLIENT_ORIGINS"),
    (name = "ADMIN_ORIGINS", fromEnvironment = "ADMIN_ORIGINS"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "JWT_SECRET_PREVIOUS", fromEnvironment = "JWT_SECRET_PREVIOUS"),
    (name = "JWKS", fromEnvironment = "JWKS"),
    (name = "JWKS_URL", fromEnvironment = "JWKS_URL"),
    (name = "JWKS_PRIVATE", fromEnvironment = "JWKS_PRIVATE"),
    (name = "WEBHOOKS_PRIVATE", fromEnvironment = "WEBHOOKS_PRIVATE"),
    (name = "JWT_ISSUER", fromEnvironment = "JWT_ISSUER"),
    (name = "JWT_AUDIENCE", fromEnvironment = "JWT_AUDIENCE"),
    (name = "ROLE_CLAIM", fromEnvironment = "ROLE_CLAIM"),
    (name = "ROLE_MAP", fromEnvironment = "ROLE_MAP"),
    (name = "ORGANIZATION_CLAIM", fromEnvironment = "ORGANIZATION_CLAIM"),
    (name = "OIDC_CLIENT_ID", fromEnvironment = "OIDC_CLIENT_ID"),
    (name = "OIDC_SCOPES", fromEnvironment = "OIDC_SCOPES"),
    (name = "OIDC_ORIGINS", fromEnvironment = "OIDC_ORIGINS"),
    (name = "BREAK_GLASS_TOKEN_HASH", fromEnvironment = "BREAK_GLASS_TOKEN_HASH"),
    (name = "SERVICE_ROLE", fromEnvironment = "SERVICE_ROLE"),
    (name = "USER_TAGS", fromEnvironment = "USER_TAGS"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
    (name = "CLIENT_ADDRESS_HEADER", fromEnvironment = "CLIENT_ADDRESS_HEADER"),
    (name = "RELAY_SOCKETS", fromEnvironment = "RELAY_SOCKETS"),
    (name = "STORE", fromEnvironment = "STORE"),
    (name = "DEMO", fromEnvironment = "DEMO"),
    (name = "FEATURE_FLAGS_ENABLED", fromEnvironment = "FEATURE_FLAGS_ENABLED"),
    (name = "TEST_CLOCK", fromEnvironment = "TEST_CLOCK"),
    (name = "FAST_WAY", fromEnvironment = "FAST_WAY"),
  ],
  durableObjectNamespaces = [
    (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true),
    (className = "FlagReader", uniqueKey = "twinflag-reader", enableSql = true),
    (className = "FlagTally", uniqueKey = "twinflag-tally", enableSql = true),
    (className = "FlagRelay", uniqueKey = "twinflag-relay", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "store"),
);
