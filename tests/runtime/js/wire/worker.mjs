// Serves the routes in a Worker, out of a bundle. The conditions of the bundle choose the entry. A request names the
// service by its number.

import { Auth101 } from "auth101-wasm";
import { d1 } from "auth101-wasm/d1";

const auths = new Map();

export default {
  fetch(request, { DB, SERVICES }) {
    const name = request.headers.get("x-service");
    if (!auths.has(name)) {
      auths.set(name, new Auth101({ ...SERVICES[Number(name)], database: d1(DB), onEvent: () => {} }));
    }
    const ipAddress = request.headers.get("cf-connecting-ip") ?? undefined;
    return auths.get(name).handler(request, { ipAddress });
  },
};
