// Bodies at the cap, and requests that end before they are whole.

import net from "node:net";

/** The largest body that is read, in bytes. */
export const CAP = 65_536;

/** A sign-up of exactly that many bytes, padded by a member that is ignored. */
export function signUpOf(length, email, password = "password") {
  const [start, end] = [`${JSON.stringify({ email, password }).slice(0, -1)},"padding":"`, '"}'];
  return start + "x".repeat(length - start.length - end.length) + end;
}

/** The head of a request with a body. */
export const head = (path, framing) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`;

/** Sends bytes over a connection of its own and closes it: they arrive, and then the end of the connection. */
export function sendAndLeave(url, bytes) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes, () => socket.destroy()));
    socket.on("close", resolve).on("error", reject);
  });
}

/** Sign-ups whose connection ends before their body does, however whole it looks. */
export async function cutOffSignUps(url, email) {
  const body = signUpOf(200, email);
  await sendAndLeave(url, head("/auth/sign-up/email", "Content-Length: 700") + body);
  await sendAndLeave(url, `${head("/auth/sign-up/email", "Transfer-Encoding: chunked")}c8\r\n${body}\r\n`);
}

/** Sends bytes and no more; what is answered while the connection is open. */
export function stall(url, bytes) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding("latin1").on("error", reject).on("close", () => resolve(answer));
    socket.on("data", (text) => {
      answer += text;
      if (answer.includes("}")) socket.destroy();
    });
  });
}
