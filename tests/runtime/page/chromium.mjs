// A real browser: Debian's Chromium, or any other that CHROMIUM names. `cargo xtask test` installs it.

import { chromium } from "playwright-core";

/** Starts it; ends with the test. */
export async function startChromium(t) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--headless",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  t.after(() => browser.close());
  return browser;
}
