# The unchanged worker with its pages and its relays, and with a hub that a test can make unavailable.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "store", disk = (writable = true)),
    (name = "assets", disk = ()),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "away.js", esModule = embed "away.js"),
    (name = "index.js", esModule = embed "../../../edge-worker/dist/worker/index.js"),
    (name = "edge_bg.wasm", wasm = embed "../../../edge-worker/dist/worker/edge_bg.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "HUB", durableObjectNamespace = "FlagHub"),
    (name = "RELAY", durableObjectNamespace = "FlagRelay"),
    (name = "ASSETS", service = "assets"),
    (name = "JWT_SECRET", fromEnvironment = "JWT_SECRET"),
    (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY"),
    (name = "SERVER_KEY", fromEnvironment = "SERVER_KEY"),
    (name = "RATE_LIMITS", fromEnvironment = "RATE_LIMITS"),
  ],
  durableObjectNamespaces = [
    (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true),
    (className = "FlagRelay", uniqueKey = "twinflag-relay", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "store"),
);
