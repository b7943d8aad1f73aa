import { auth } from "../lib/auth.js";

export const prerender = false;

/** @type {import("astro").APIRoute} */
export async function GET({ request }) {
  const { user, refusal } = await auth.authorize(request.headers.get("authorization"));
  return user === null ? refusal : Response.json({ email: user.email });
}
