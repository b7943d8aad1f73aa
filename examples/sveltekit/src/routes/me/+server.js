import { auth } from "../../lib/auth.js";

/** @type {import("@sveltejs/kit").RequestHandler} */
export async function GET({ request }) {
  const { user, refusal } = await auth.authorize(request.headers.get("authorization"));
  return user === null ? refusal : Response.json({ email: user.email });
}
