import { userInfo } from 'node:os';
import { chromium, type Browser } from 'playwright-core';

/** Starts a Chromium without a window. */
export function launchChromium(executablePath: string): Promise<Browser> {
  // Its sandbox refuses to run as root.
  return chromium.launch({ executablePath, chromiumSandbox: userInfo().uid !== 0 });
}
