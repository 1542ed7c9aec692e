import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import type { Snapshot } from '../examples/nest-dashboard/snapshot.js';
import type { SourceName } from '../examples/nest-dashboard/sources.js';
import { startDashboard } from '../examples/nest-dashboard/start-dashboard.js';
import { launchChromium } from '../spec/support/browser.js';
import { findChromium } from '../spec/support/find-chromium.js';
import { RedisServer } from '../spec/support/redis-server.js';
import assert from 'node:assert/strict';
import { faultsOfPage } from '../spec/support/faults-of-page.js';
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

    await isAbove(tab, '#dropped', 0);
    await tab.locator('.drop.now').waitFor();
    await tab.locator('.drop:not(.now)').waitFor();
    console.log('ok    it begins with a burst, and is calm when that is over');
    await checkLook(tab, dashboard.url);
    console.log(
      'ok    it shows values, cuts long names, links to its code, fits a phone, and axe finds nothing',
    );
    await tab.locator('.sources code', { hasText: 'orders' }).waitFor();
    await isAbove(tab, '#delivered', 100);
    console.log('ok    it shows numbers that move');
    const dropped = await valueOf(tab, '#dropped');
    await tab.getByRole('button', { name: 'Burst' }).click();
    await isAbove(tab, '#dropped', dropped);
    console.log('ok    a burst shows drops');
    const gaps = await valueOf(tab, '#gaps');
    await tab.getByRole('button', { name: 'Kill' }).click();
    await isAbove(tab, '#gaps', gaps);
    await tab.locator('li[data-cause="reconnect"]').first().waitFor();
    console.log('ok    a killed connection shows a gap');
    await checkRefusal(tab, dashboard.url);
    console.log('ok    a refused burst says why, until the next one');

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

async function checkLook(tab: Page, url: string): Promise<void> {
  const name = 'inventory:warehouse:north:aisle:12:shelf:4:bin:0098:changes';
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ kind: 'channel', name });
  await fetch(new URL('sources', url), { method: 'POST', headers, body });
  const long = tab.locator('.sources code', { hasText: name });
  assert.equal(await long.getAttribute('title'), name);
  const heights = await tab.evaluate<number[]>(
    `[...document.querySelectorAll('.sources li')].map(({ offsetHeight }) => offsetHeight)`,
  );
  assert.equal(new Set(heights).size, 1);

  const value = tab.locator('.plot output');
  await tab.locator('.plot').hover();
  await value.filter({ hasText: /\d waiting, \d+ s ago/ }).waitFor();
  assert.deepEqual(await faultsOfPage(tab), []);
  await tab.mouse.move(0, 0);
  await value.waitFor({ state: 'detached' });
  await tab.getByRole('button', { name: 'Kill' }).focus();
  await tab.keyboard.press('Tab');
  await value.filter({ hasText: / 0 s ago/ }).waitFor();
  await tab.keyboard.press('ArrowLeft');
  await value.filter({ hasText: / [12] s ago/ }).waitFor();
  await tab.keyboard.press('Escape');
  await value.waitFor({ state: 'detached' });

  assert.match(await tab.locator('.chart .y').innerText(), /^256\s+128\s+0$/);
  assert.match(await tab.locator('.chart .x').innerText(), /^−\d+ s\s+−\d+ s\s+now$/);
  for (const link of await tab.locator('footer a').all()) {
    const response = await fetch(new URL((await link.getAttribute('href')) ?? '', url));
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  }

  await tab.setViewportSize({ width: 390, height: 844 });
  const widths = await tab.evaluate<number[]>(
    `[document.querySelector('main'), ...document.querySelectorAll('button')].map(({ offsetWidth }) => offsetWidth)`,
  );
  assert.equal(new Set(widths).size, 1);
  assert.equal(await tab.evaluate('document.documentElement.scrollWidth'), 390);
  assert.deepEqual(await faultsOfPage(tab), []);
}

async function checkRefusal(tab: Page, url: string): Promise<void> {
  const { sources } = await tab.evaluate<Snapshot>(`new Promise((resolve) => {
    const events = new EventSource('snapshots?after=' + Date.now());
    events.onmessage = ({ data }) => (events.close(), resolve(JSON.parse(data)));
  })`);
  const at = ({ kind, name }: SourceName) => new URL(`sources/${kind}/${encodeURIComponent(name)}`, url);
  for (const source of sources) await fetch(at(source), { method: 'DELETE' });
  await tab.getByRole('button', { name: 'Burst' }).click();
  await tab.getByRole('alert').getByText('add a channel first').waitFor();
  assert.deepEqual(await faultsOfPage(tab), []);
  const headers = { 'content-type': 'application/json' };
  for (const { kind, name } of sources)
    await fetch(new URL('sources', url), { method: 'POST', headers, body: JSON.stringify({ kind, name }) });
  await tab.getByRole('button', { name: 'Burst' }).click();
  await tab.getByRole('alert').waitFor({ state: 'hidden' });
}

async function valueOf(tab: Page, selector: string): Promise<number> {
  return Number((await tab.locator(selector).innerText()).replace(/\D/g, ''));
}

function isAbove(tab: Page, selector: string, least: number): Promise<unknown> {
  return tab.waitForFunction(`${numberIn(selector)} > ${String(least)}`);
}

/** An expression for the number in an element; NaN until the page has the element. */
function numberIn(selector: string): string {
  return `Number(document.querySelector('${selector}')?.textContent.replace(/\\D/g, ''))`;
}
