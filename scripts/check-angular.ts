import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startDashboard } from '../examples/nest-dashboard/start-dashboard.js';
import { launchChromium } from '../spec/support/browser.js';
import { findChromium } from '../spec/support/find-chromium.js';
import { RedisServer } from '../spec/support/redis-server.js';
import { buildAngular } from './build-angular.js';

// Builds examples/angular, and checks in a browser that it works as described.

const page = fileURLToPath(buildAngular());
const executablePath = findChromium();
if (executablePath) await drive(executablePath);
else console.log('skip  the browser: there is no Chromium');

async function drive(executablePath: string): Promise<void> {
  await using redis = await RedisServer.start();
  const options = { redisUrl: redis.url, page, host: '127.0.0.1' };
  let dashboard = await startDashboard({ ...options, port: 0 });
  const { port } = new URL(dashboard.url);
  const browser = await launchChromium(executablePath);
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => {
      console.error(error);
      process.exitCode = 1;
    });
    await tab.goto(dashboard.url);

    await tab.locator('.sources code', { hasText: 'orders' }).waitFor();
    await isAbove(tab, '#delivered', 100);
    console.log('ok    it shows numbers that move');
    await tab.getByRole('button', { name: 'Burst' }).click();
    await isAbove(tab, '#dropped', 0);
    console.log('ok    a burst shows drops');
    const gaps = Number(await tab.locator('#gaps').innerText());
    await tab.getByRole('button', { name: 'Kill' }).click();
    await isAbove(tab, '#gaps', gaps);
    await tab.locator('li[data-cause="reconnect"]').first().waitFor();
    console.log('ok    a killed connection shows a gap');

    await isAbove(tab, '#delivered', 500);
    await dashboard[Symbol.asyncDispose]();
    await tab.getByRole('status').getByText('Retrying').waitFor();
    dashboard = await startDashboard({ ...options, port: Number(port) });
    await tab.getByRole('status').getByText('Live').waitFor();
    await tab.waitForFunction(`${numberIn('#delivered')} < 500`); // of the new server
    await isAbove(tab, '#delivered', 100);
    console.log('ok    it connects again to a server that comes back');
  } finally {
    await browser.close();
    await dashboard[Symbol.asyncDispose]();
  }
}

function isAbove(tab: Page, selector: string, least: number): Promise<unknown> {
  return tab.waitForFunction(`${numberIn(selector)} > ${String(least)}`);
}

function numberIn(selector: string): string {
  return `Number(document.querySelector('${selector}').textContent.replace(/\\D/g, ''))`;
}
