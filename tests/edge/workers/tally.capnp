# The unchanged worker with its tally, and a hub that a test can make silent about sums.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "edge", worker = .edge), (name = "store", disk = (writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "tally.js", esModule = embed "tally.js"),
    (name = "index.js", esModule = embed "../../../edge-worker/dist/worker/index.js"),
    (name = "edge_bg.wasm", wasm = embed "../../../edge-worker/dist/worker/edge_bg.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "HUB", durableObjectNamespace = "FlagHub"),
    (name = "TALLY", durableObjectNamespace = "FlagTally"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
    (name = "FAST_WAY", fromEnvironment = "FAST_WAY"),
    (name = "TEST_CLOCK", fromEnvironment = "TEST_CLOCK"),
    (name = "CLIENT_ADDRESS_HEADER", fromEnvironment = "CLIENT_ADDRESS_HEADER"),
  ],
  durableObjectNamespaces = [
    (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true),
    (className = "FlagTally", uniqueKey = "twinflag-tally", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "store"),
);
