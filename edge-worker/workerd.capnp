# The worker on workerd: `cargo xtask dev` starts this, and so does whoever hosts it.
#
#   workerd serve workerd.capnp --socket-addr http=127.0.0.1:8787 \
#     --directory-path store=DIR --directory-path import=DIR --directory-path assets=dist/assets
#
# ADMIN_TOKEN, CLIENT_KEY and SERVER_KEY come from the environment. `import` holds `flags.json`, read once, into an empty store.
# CLIENT_ORIGINS, too: the origins, separated by commas, whose pages may ask with the client key, or `*`; without it, none but our
# own. DEMO=on opens `/demo/explain`, which tells anybody with the client key how answers come about,
# with the lists and conditions that were compared.
# FEATURE_FLAGS_ENABLED=false switches all flags off: everybody gets their defaults, nothing is evaluated, the hub is asked by operators only.
# TEST_CLOCK=on lets operators say what time it is (`twinflag-now`, milliseconds since 1970): never where it matters.
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
    (name = "ADMIN_TOKEN", fromEnvironment = "ADMIN_TOKEN"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "CLIENT_ORIGINS", fromEnvironment = "CLIENT_ORIGINS"),
    (name = "DEMO", fromEnvironment = "DEMO"),
    (name = "FEATURE_FLAGS_ENABLED", fromEnvironment = "FEATURE_FLAGS_ENABLED"),
    (name = "TEST_CLOCK", fromEnvironment = "TEST_CLOCK"),
  ],
  durableObjectNamespaces = [ (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true) ],
  durableObjectStorage = (localDisk = "store"),
);
