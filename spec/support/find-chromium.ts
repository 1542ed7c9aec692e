import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { installPackage } from './install-package.js';
import { onPath } from './on-path.js';

type Log = (line: string) => void;

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/**
 * Returns the path of a Chromium: the one in `CHROMIUM_BIN`, else an installed one, else one from the system's
 * packages. Returns undefined, and logs why, if there is none.
 */
export function findChromium(log: Log = console.error): string | undefined {
  const found = process.env.CHROMIUM_BIN ?? onSystem();
  if (found) return found;
  try {
    installPackage('chromium', () => 'chromium', log);
  } catch (error) {
    log(`chromium: ${error instanceof Error ? error.message : String(error)}`);
  }
  const installed = onSystem();
  if (!installed) log('There is no Chromium. Install one, or set CHROMIUM_BIN to its path.');
  return installed;
}

/** Returns the path where a system, or `npx playwright-core install chromium`, installs Chromium. */
function onSystem(): string | undefined {
  const command = COMMANDS.map(onPath).find((path) => path !== undefined);
  return command ?? [MAC, chromium.executablePath()].find((path) => existsSync(path));
}
