// Serves the routes on Node: the options come in the environment, the port goes to standard output.

import { createServer } from "node:http";
import { answer, peerAddress, send } from "../../../../js/dist/esm/integration/node_http.js";
import { authOf } from "./auth.mjs";

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  await send(await answer(authOf(request.headers["x-service"]), request, url, peerAddress(request)), response);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
