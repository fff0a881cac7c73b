# The store of a hub, with nothing of ours in front of it: SQL goes to the object and the file that the hub of today opens.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "edge", worker = .edge), (name = "store", disk = (writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [ (name = "sql.js", esModule = embed "sql.js") ],
  compatibilityDate = "2026-10-01",
  bindings = [ (name = "HUB", durableObjectNamespace = "FlagHub") ],
  durableObjectNamespaces = [ (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true) ],
  durableObjectStorage = (localDisk = "store"),
);
