import { userInfo } from 'node:os';
import { chromium, type Browser } from 'playwright-core';

/** Starts a headless Chromium. */
export function launchChromium(executablePath: string): Promise<Browser> {
  // The sandbox of Chromium refuses to run as root.
  return chromium.launch({ executablePath, chromiumSandbox: userInfo().uid !== 0 });
}
