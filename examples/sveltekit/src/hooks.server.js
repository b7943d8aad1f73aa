// SvelteKit: serves /auth, and tells every route who is asking.

import { auth } from "./lib/auth.js";

/** @type {import("@sveltejs/kit").Handle} */
export async function handle({ event, resolve }) {
  if (auth.covers(event.url)) return auth.handler(event.request, { ipAddress: event.getClientAddress() });
  const { user, refusal } = await auth.authorize(event.request.headers.get("authorization"));
  // An outage is no reason to take somebody for nobody.
  if (user === null && refusal.status !== 401) return refusal;
  event.locals.user = user;
  return resolve(event);
}
