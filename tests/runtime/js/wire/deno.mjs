// Serves the routes on Deno: the options come in the environment, the port goes to standard output.

import { authOf } from "./auth.mjs";

Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
  (request, { remoteAddr }) => authOf(request.headers.get("x-service")).handler(request, { ipAddress: remoteAddr.hostname }),
);
