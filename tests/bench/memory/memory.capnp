# The unchanged worker, with a route that collects garbage and tells the memory of its module.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "edge", worker = .edge), (name = "store", disk = (writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
  v8Flags = [ "--expose-gc" ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "before.js", esModule = embed "before.js"),
    (name = "index.js", esModule = embed "../../../edge-worker/dist/worker/index.js"),
    (name = "edge_bg.wasm", wasm = embed "../../../edge-worker/dist/worker/edge_bg.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "HUB", durableObjectNamespace = "FlagHub"),
    (name = "READER", durableObjectNamespace = "FlagReader"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
    (name = "FAST_WAY", fromEnvironment = "FAST_WAY"),
  ],
  durableObjectNamespaces = [
    (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true),
    (className = "FlagReader", uniqueKey = "twinflag-reader", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "store"),
);
