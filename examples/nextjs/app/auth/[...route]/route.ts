// Next.js: everything under /auth. In next.config.ts: `serverExternalPackages: ["auth101-wasm"]`.

import { auth } from "../../../lib/auth.ts";

// Next.js does not say who the peer is. Give `{ ipAddress }` where your platform does, such as by a header that it
// overwrites.
const serve = (request: Request): Promise<Response> => auth.handler(request);

export { serve as GET, serve as HEAD, serve as OPTIONS, serve as POST };
