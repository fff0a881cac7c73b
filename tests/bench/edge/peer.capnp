# A peer on the same workerd. `bench.mjs` builds the modules into `dist`.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "peer", worker = .peer) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "peer") ],
);

const peer :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "dist/peer.js"),
    (name = "rules.json", json = embed "dist/rules.json"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [ (name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY") ],
);
