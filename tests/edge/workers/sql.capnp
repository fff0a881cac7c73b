# The unchanged worker, with a route that runs SQL on the store of its hub.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "edge", worker = .edge), (name = "store", disk = (writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "sql.js", esModule = embed "sql.js"),
    (name = "index.js", esModule = embed "../../../edge-worker/dist/worker/index.js"),
    (name = "edge_bg.wasm", wasm = embed "../../../edge-worker/dist/worker/edge_bg.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "HUB", durableObjectNamespace = "FlagHub"),
    (name = "RELAY", durableObjectNamespace = "FlagRelay"),
    (name = "RELAY_AWAY", fromEnvironment = "RELAY_AWAY"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "BREAK_GLASS_TOKEN_HASH", fromEnvironment = "BREAK_GLASS_TOKEN_HASH"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
    (name = "FAST_WAY", fromEnvironment = "FAST_WAY"),
    (name = "TEST_CLOCK", fromEnvironment = "TEST_CLOCK"),
  ],
  durableObjectNamespaces = [
    (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true),
    (className = "FlagRelay", uniqueKey = "twinflag-relay", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "store"),
);
