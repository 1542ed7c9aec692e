import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/browser.js';
import { ExampleServer } from '../support/example-server.js';
import { findChromium } from '../support/find-chromium.js';
import { until } from '../support/until.js';

const chromium = findChromium();
const describeWithChromium = chromium ? describe : describe.skip;

describeWithChromium(`the dashboard, in ${chromium ?? 'a Chromium, which is not there'}`, () => {
  let server: ExampleServer;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    [server, browser] = await Promise.all([
      ExampleServer.start('examples/nest-dashboard/main.ts'),
      launchChromium(chromium ?? ''),
    ]);
  }, 60_000);

  beforeEach(async () => {
    problems.length = 0;
    page = await open();
  });

  afterEach(() => page.context().close());

  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext(options);
    const opened = await context.newPage();
    opened.on('pageerror', (error) => problems.push(String(error)));
    opened.on('console', (message) => problems.push(message.text()));
    opened.on('request', (request) => requests.push(request.url()));
    await opened.goto(server.url);
    await appears(opened, 'li[data-source="orders"]');
    return opened;
  }

  const numberIn = async (selector: string) =>
    Number((await page.locator(selector).innerText()).replace(/\D/g, ''));
  const appears = (where: Page, selector: string) => where.locator(selector).first().waitFor();
  const row = (name: string) => page.locator(`li[data-source="${name}"]`);

  it('shows changing numbers of each channel', async () => {
    const names = await page.locator('#sources code').allInnerTexts();
    expect(names).toEqual(['orders', 'news', 'sensors', 'chat:*', '__keyspace@*__:demo:*']);
    for (const name of names) {
      const total = row(name).locator('small');
      const before = await total.innerText();
      await until(async () => (await total.innerText()) !== before, { message: `more from ${name}` });
    }
    await until(async () => (await numberIn('#arriving')) > 0 && (await numberIn('#working')) > 0);
    await until(async () => (await page.locator('#rates .line').count()) === names.length);
    expect(problems).toEqual([]);
  }, 30_000);

  it('shows that a burst fills the queue, and the dropped messages', async () => {
    // The burst at the start may have filled the queue, and it is reported once that it is full.
    await until(async () => (await numberIn('#waiting')) < 128, { timeout: 20_000 });
    const dropped = await numberIn('#dropped');
    await page.locator('#work').focus();
    await page.keyboard.press('End'); // 40 messages a second
    await page.locator('#pace', { hasText: '100 ms' }).waitFor();
    // The next status takes its place.
    const told = page.getByRole('status').getByText('The queue is full').waitFor();
    await page.getByRole('button', { name: 'Burst' }).click();
    await told;
    await until(async () => (await numberIn('#dropped')) > dropped, { timeout: 20_000 });
    await appears(page, '#queue .band.overflow');
    await appears(page, '#log [data-type="overflow"]');
    expect(await numberIn('#waiting')).toBeGreaterThan(128);

    await page.locator('#work').focus();
    await page.keyboard.press('Home');
    await page.locator('#log [data-type="gap"][data-cause="overflow"]').waitFor({ timeout: 20_000 });
    await until(async () => (await numberIn('#waiting')) < 128, { timeout: 20_000 });
    expect(problems).toEqual([]);
  }, 90_000);

  it('shows a gap after a killed connection, and continues', async () => {
    const gaps = await numberIn('#gaps');
    await page.getByRole('button', { name: 'Kill' }).click();
    await appears(page, '#log [data-type="disconnected"]');
    await appears(page, '#log [data-cause="reconnect"]');
    await appears(page, '#rates .band.gap');
    await page.locator('#connection', { hasText: /^Connected$/ }).waitFor();
    await until(async () => (await numberIn('#gaps')) > gaps);
    expect(await numberIn('#missed')).toBeGreaterThan(0);

    const total = row('orders').locator('small');
    const before = await total.innerText();
    await until(async () => (await total.innerText()) !== before, { message: 'orders to continue' });
    expect(problems).toEqual([]);
  }, 30_000);

  it('keeps the labels of almost simultaneous events apart', async () => {
    await page.getByRole('button', { name: 'Burst' }).click();
    await page.locator('#log', { hasText: 'The queue is full' }).waitFor();
    await page.getByRole('button', { name: 'Kill' }).click();
    for (const kind of ['overflow', 'gap']) await appears(page, `#rates .band-label.${kind}`);
    const extents = await page.evaluate<[left: number, right: number][]>(
      `[...document.querySelectorAll('#rates .band-label')]
        .map((label) => label.getBoundingClientRect())
        .map(({ left, right }) => [left, right])
        .sort(([a], [b]) => a - b)`,
    );
    expect(extents.length).toBeGreaterThan(1);
    for (const [index, [left]] of extents.slice(1).entries())
      expect(left).toBeGreaterThan(extents[index]![1]);
  }, 30_000);

  it('adds and removes channels and patterns with the keyboard', async () => {
    await page.locator('#name').focus();
    for (const name of ['weather', 'game:?']) {
      await page.keyboard.type(name);
      await page.keyboard.press('Enter');
      await until(async () => (await row(name).locator('.rate').innerText()) !== '0/s');
    }
    await until(async () => (await page.locator('#name').inputValue()) === '');
    expect(await row('game:?').locator('small').innerText()).toMatch(/^pattern, /);

    await row('weather').getByRole('button', { name: 'Remove weather' }).press('Enter');
    await row('weather').waitFor({ state: 'detached' });
    const focused = page.locator(':focus');
    expect(await focused.getAttribute('aria-label')).toBe('Remove game:?');
    await focused.press('Enter');
    await row('game:?').waitFor({ state: 'detached' });
    await page.locator('#log', { hasText: 'Left: weather' }).waitFor();
    expect(problems).toEqual([]);
  }, 30_000);

  it('shows the error of an invalid name', async () => {
    await page.locator('#name').fill('orders');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('alert').getByText('The channel orders is there already.').waitFor();
  });

  it('reaches every control with the Tab key, in the order of the page', async () => {
    const reached: string[] = [];
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate<string>(
          'document.activeElement.ariaLabel || document.activeElement.id || document.activeElement.type',
        ),
      );
    }
    expect(reached.slice(0, 3)).toEqual(['burst', 'kill', 'work']);
    expect(reached.slice(3, 5).map((label) => label.split(':')[0])).toEqual([
      'Messages per second of each channel',
      'Messages that wait in the queue',
    ]);
    expect(reached[5]).toBe('Remove orders');
    expect(reached.slice(-3)).toEqual(['Remove __keyspace@*__:demo:*', 'name', 'submit']);
  });

  it('sends the last minute to a later page, and keeps its colours apart', async () => {
    const backgroundOf = (where: Page) =>
      where.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const dark = await open({ colorScheme: 'dark', viewport: { width: 360, height: 740 } });
    // Eight seconds, five snapshots in each: more than the page itself can have seen in the time of this wait.
    const depth = async () => (await dark.locator('#queue .line').getAttribute('d')) ?? '';
    await until(async () => (await depth()).split('L').length > 40);
    expect(await backgroundOf(dark)).not.toBe(await backgroundOf(page));
    const overflow = await dark.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await dark.context().close();
  });

  it('requests nothing from other servers, and permits nothing to other sites', async () => {
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    const headers = { 'sec-fetch-site': 'cross-site' };
    const { status } = await fetch(new URL('burst', server.url), { method: 'POST', headers });
    expect(status).toBe(403);
  });

  it('ends cleanly at Ctrl-C', async () => {
    const output = server.output;
    await expect(server.interrupt()).resolves.toBe(0);
    expect(server.output).toBe(output);
    await page.locator('#connection', { hasText: 'No server' }).waitFor();
  });
});
