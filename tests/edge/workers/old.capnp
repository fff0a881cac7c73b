# The hub of the release whose store had only documents, with its schema. Today's hub opens the same object and file.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "edge", worker = .edge), (name = "store", disk = (writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "old.js", esModule = embed "old.js"),
    (name = "0001_documents.sql", text = embed "../../../edge-worker/migrations/sqlite/0001_documents.sql"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [ (name = "HUB", durableObjectNamespace = "FlagHub") ],
  durableObjectNamespaces = [ (className = "FlagHub", uniqueKey = "twinflag-hub", enableSql = true) ],
  durableObjectStorage = (localDisk = "store"),
);
