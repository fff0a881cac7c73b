# Two isolates of the worker with one hub. A test chooses the isolate of each request.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "front", worker = .front), (name = "one", worker = .one), (name = "two", worker = .two), (name = "store", disk = (writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "front") ],
);

const front :Workerd.Worker = (
  modules = [ (name = "two.js", esModule = embed "two.js") ],
  compatibilityDate = "2026-10-01",
  bindings = [ (name = "one", service = "one"), (name = "two", service = "two") ],
);

const one :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "../../../edge-worker/dist/worker/index.js"),
    (name = "edge_bg.wasm", wasm = embed "../../../edge-worker/dist/worker/edge_bg.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "HUB", durableObjectNamespace = "FlagHub"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
  ],
  durableObjectNamespaces = [ (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true) ],
  durableObjectStorage = (localDisk = "store"),
);

const two :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "../../../edge-worker/dist/worker/index.js"),
    (name = "edge_bg.wasm", wasm = embed "../../../edge-worker/dist/worker/edge_bg.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "HUB", durableObjectNamespace = (className = "FlagHub", serviceName = "one")),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
  ],
);
