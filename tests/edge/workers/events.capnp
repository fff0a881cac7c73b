# The worker's own script for streams of events, over a socket whose other end sends as much as it can.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "edge", worker = .edge) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "events.js", esModule = embed "events.js"),
    (name = "event-stream.js", esModule = embed "../../../edge-worker/event-stream.js"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [ (name = "SENDER", durableObjectNamespace = "Sender") ],
  durableObjectNamespaces = [ (className = "Sender", uniqueKey = "sender", enableSql = true) ],
  durableObjectStorage = (inMemory = void),
);
