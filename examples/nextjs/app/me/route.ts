import { auth } from "../../lib/auth.ts";

export async function GET(request: Request): Promise<Response> {
  const { user, refusal } = await auth.authorize(request.headers.get("authorization"));
  return user === null ? refusal : Response.json({ email: user.email });
}
