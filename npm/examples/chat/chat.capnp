# The example shop with its chat: pages, the widget's scripts, and the service that answers. From the folder of the repository:
#
#   FLAGS_URL=http://127.0.0.1:8787 CLIENT_KEY=tf_client_… npm/node_modules/.bin/workerd serve npm/examples/chat/chat.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "chat", worker = (
      modules = [
        ( name = "service.js", esModule = embed "service.js" ),
        ( name = "replies.js", esModule = embed "replies.js" ),
      ],
      compatibilityDate = "2026-10-01",
      bindings = [
        ( name = "FLAGS_URL", fromEnvironment = "FLAGS_URL" ),
        ( name = "CLIENT_KEY", fromEnvironment = "CLIENT_KEY" ),
        ( name = "PAGES", service = "pages" ),
        ( name = "SCRIPTS", service = "scripts" ),
      ],
    ) ),
    ( name = "pages", disk = "npm/examples/chat/pages" ),
    ( name = "scripts", disk = "npm/chat-widget/dist/script" ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:8788", http = (), service = "chat" ) ],
);
