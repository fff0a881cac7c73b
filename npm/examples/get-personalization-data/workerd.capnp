# Serves the function on workerd, after esbuild has bundled it to dist/index.js:
#
#   TWINFLAG_URL=… TWINFLAG_SERVER_KEY=… npx workerd serve workerd.capnp --socket-addr=http=127.0.0.1:8788
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8788", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "dist/index.js")],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "TWINFLAG_URL", fromEnvironment = "TWINFLAG_URL"),
    (name = "TWINFLAG_SERVER_KEY", fromEnvironment = "TWINFLAG_SERVER_KEY"),
    (name = "FLAG_PATIENCE_MS", fromEnvironment = "FLAG_PATIENCE_MS"),
  ],
);
