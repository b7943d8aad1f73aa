// Sign-up, sign-in, session and sign-out in a page, with nothing but the client.

import { createClient, webStorage } from "auth101-wasm/client";

const auth = createClient({ baseUrl: "/auth", storage: webStorage(localStorage) });
const element = (id) => document.getElementById(id);

/** Who is signed in decides what is shown: after a reload, and whichever tab signed in or out. */
auth.subscribe((session) => {
  element("signed-out").hidden = session !== null;
  element("signed-in").hidden = session === null;
  element("status").textContent = "";
  if (session) {
    element("user-email").textContent = session.user.email;
    element("user-id").textContent = session.user.id;
  } else {
    element("form").reset();
  }
});
// The storage was believed so far; the service knows whether the session still stands.
auth.getSession();

let isSigningUp = false;
element("switch").addEventListener("click", () => {
  isSigningUp = !isSigningUp;
  const [here, there] = isSigningUp ? ["Sign up", "Sign in"] : ["Sign in", "Sign up"];
  element("title").textContent = here;
  element("submit").textContent = here;
  element("switch").textContent = there;
  element("question").textContent = isSigningUp ? "Have an account?" : "No account yet?";
  element("error").textContent = "";
  // Tells password managers whether to fill in a password or to suggest one.
  element("password").autocomplete = isSigningUp ? "new-password" : "current-password";
  element("email").focus();
});

element("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const credentials = Object.fromEntries(new FormData(element("form")));
  const answer = await busily(element("submit"), () =>
    isSigningUp ? auth.signUp(credentials) : auth.signIn(credentials),
  );
  element("error").textContent = answer.error ? explain(answer.error) : "";
  if (answer.error) element("password").focus();
});

element("check").addEventListener("click", () => report(element("check"), auth.getSession, "The session stands."));
element("refresh").addEventListener("click", () => report(element("refresh"), auth.refresh, "The tokens are new."));
element("sign-out").addEventListener("click", () => busily(element("sign-out"), auth.signOut));

/** Does something and says how it went. */
async function report(button, action, success) {
  element("status").textContent = "";
  const answer = await busily(button, action);
  element("status").textContent = answer.error ? explain(answer.error) : success;
  // The session turned out to be over: the form is shown by now, and says why.
  if (element("signed-in").hidden && answer.error) element("error").textContent = explain(answer.error);
}

/** Does something while its button cannot be pressed again. */
async function busily(button, action) {
  button.disabled = true;
  try {
    return await action();
  } finally {
    button.disabled = false;
  }
}

/** The messages of the service are for people; the client's own say more than a visitor needs. */
function explain({ code, message }) {
  switch (code) {
    case "NETWORK_ERROR":
    case "INVALID_RESPONSE":
      return "The service could not be reached. Try again in a moment.";
    case "INVALID_TOKEN":
    case "SESSION_NOT_FOUND":
    case "USER_NOT_FOUND":
    case "NOT_SIGNED_IN":
      return "Your session has ended. Sign in again.";
    default:
      return `${message}.`;
  }
}
