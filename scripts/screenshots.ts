import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { startDashboard } from '../examples/nest-dashboard/start-dashboard.js';
import { launchChromium } from '../spec/support/browser.js';
import { findChromium } from '../spec/support/find-chromium.js';
import { RedisServer } from '../spec/support/redis-server.js';
import { buildAngular } from './build-angular.js';

// Makes the pictures in docs/images from the running examples, in both colour schemes.

interface Subject {
  readonly name: string;
  readonly page: URL;
  /** Seconds before the first click. */
  readonly calm: number;
  readonly viewport: { readonly width: number; readonly height: number };
}

const SCHEMES = ['light', 'dark'] as const;
const IMAGES = 'docs/images';

const subjects: Subject[] = [
  {
    name: 'dashboard',
    page: new URL('../examples/nest-dashboard/page/', import.meta.url),
    calm: 30,
    viewport: { width: 1280, height: 1010 },
  },
  { name: 'angular', page: buildAngular(), calm: 14, viewport: { width: 820, height: 1050 } },
];

const executablePath = findChromium();
if (!executablePath) throw new Error('Screenshots need a Chromium');
mkdirSync(IMAGES, { recursive: true });
const browser = await launchChromium(executablePath);
try {
  for (const subject of subjects) await photograph(browser, subject);
} finally {
  await browser.close();
}

async function photograph(browser: Browser, { name, page, calm, viewport }: Subject): Promise<void> {
  await using redis = await RedisServer.start();
  const options = { redisUrl: redis.url, page: fileURLToPath(page), host: '127.0.0.1', port: 0 };
  await using dashboard = await startDashboard(options);
  const tabs = await Promise.all(
    SCHEMES.map(async (colorScheme) => {
      const tab = await browser.newPage({ colorScheme, viewport });
      await tab.goto(dashboard.url);
      return tab;
    }),
  );
  const [first] = tabs as [Page];
  // The burst of the first visitor, calm, a burst, calm, a gap, calm.
  await seconds(first, calm);
  await first.getByRole('button', { name: 'Burst' }).click();
  await seconds(first, 7);
  await first.getByRole('button', { name: 'Kill' }).click();
  await first.mouse.move(0, 0);
  await seconds(first, 6);
  for (const [index, tab] of tabs.entries()) {
    const path = `${IMAGES}/${name}-${SCHEMES[index] ?? ''}.png`;
    await tab.screenshot({ path });
    console.log(path);
    await tab.close();
  }
}

/** Waits for so many seconds of the example. */
function seconds(tab: Page, count: number): Promise<void> {
  return tab.waitForTimeout(count * 1_000);
}
