// Serves the routes on Bun: the options come in the environment, the port goes to standard output.

import { authOf } from "./auth.mjs";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) => authOf(request.headers.get("x-service")).handler(request, { ipAddress: server.requestIP(request)?.address }),
});
console.log(server.port);
