import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import type { Snapshot } from '../../examples/nest-dashboard/snapshot.js';
import { launchChromium } from '../support/browser.js';
import { ExampleServer } from '../support/example-server.js';
import { faultsOfPage } from '../support/faults-of-page.js';
import { findChromium } from '../support/find-chromium.js';
import { until } from '../support/until.js';

const chromium = findChromium();
const describeWithChromium = chromium ? describe : describe.skip;

const LONG = 'inventory:warehouse:north:aisle:12:shelf:4:bin:0098:changes';
const EMPTY: Snapshot = {
  at: 1,
  startedAt: 0,
  isConnected: true,
  sources: [],
  stats: { received: 0, delivered: 0, buffered: 0, dropped: 0, gaps: 0 },
  capacity: 256,
  workers: 4,
  workTime: 20,
  missed: 0,
  logEntries: [],
};
const FIRST = ['orders', 'news', 'sensors', 'chat:*', '__keyspace@*__:demo:*'];
const ADDED = ['payments', 'chat:?', 'returns', 'weather', 'game:1', LONG];

describeWithChromium(`the look of the dashboard, in ${chromium ?? 'a Chromium, which is not there'}`, () => {
  let server: ExampleServer;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    [server, browser] = await Promise.all([
      ExampleServer.start('examples/nest-dashboard/main.ts'),
      launchChromium(chromium ?? ''),
    ]);
    page = await open();
  }, 60_000);

  afterEach(() => expect(problems.splice(0)).toEqual([]));

  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  /** Opens the page, with the stream of the server or, if one is given, with a single snapshot. */
  async function open(
    options: Parameters<Browser['newContext']>[0] = {},
    snapshot?: Snapshot,
  ): Promise<Page> {
    const context = await browser.newContext(options);
    const opened = await context.newPage();
    opened.on('pageerror', (error) => problems.push(String(error)));
    opened.on('console', (message) => problems.push(message.text()));
    const body = `data: ${JSON.stringify(snapshot)}\n\n`;
    if (snapshot)
      await opened.route('**/snapshots', (route) =>
        route.fulfill({ contentType: 'text/event-stream', body }),
      );
    await opened.goto(server.url);
    return opened;
  }

  const evaluate = <T>(script: string, where = page) => where.evaluate<T>(script);
  const colourOf = (selector: string) =>
    evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).color`);
  const valuesOf = (chart: string, where = page) => where.locator(`.plot:has(${chart}) .values`);
  const row = (name: string) => page.locator(`li[data-source="${name}"]`);

  it('begins with a burst, and colours only what happens now', async () => {
    await page.locator('#rates .band.overflow').waitFor();
    expect(await page.locator('#rates .line').count()).toBe(FIRST.length);
    expect(await page.locator('#queue .line').count()).toBe(1);
    await until(async () => (await page.locator('#dropped').innerText()) !== '0');
    expect(await colourOf('#dropped')).not.toBe(await colourOf('#arriving'));

    await page.locator('#log [data-type="gap"][data-cause="overflow"]').waitFor({ timeout: 20_000 });
    await until(async () => (await colourOf('#dropped')) === (await colourOf('#arriving')));
    expect(await colourOf('#gaps')).toBe(await colourOf('#arriving'));
    expect(await faultsOfPage(page)).toEqual([]);
  }, 40_000);

  it('begins once, and not anew for each visitor', async () => {
    const other = await open();
    await other.locator('#log [data-type="gap"]').waitFor(); // its end
    expect(await other.locator('#log [data-type="overflow"]').count()).toBe(1);
    await other.context().close();
  });

  it('tells eleven lines apart by markers and names, and cuts long names', async () => {
    for (const name of ADDED) {
      await page.locator('#name').fill(name);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await row(name).waitFor();
    }
    const markers = await evaluate<string[]>(
      `[...document.querySelectorAll('#sources .swatch')].map((swatch) =>
        swatch.classList.contains('hollow') + swatch.querySelector('.marker').getAttribute('d'))`,
    );
    expect(new Set(markers).size).toBe(FIRST.length + ADDED.length);
    const names = () =>
      evaluate<string[]>(
        `[...document.querySelectorAll('#rates .line-label title')].map((title) => title.textContent)`,
      );
    await until(async () => (await names()).length === markers.length);
    expect((await names()).toSorted()).toEqual([...FIRST, ...ADDED].toSorted());
    await page.locator('#rates .line-label', { hasText: /^inventory:w…/ }).waitFor();

    const code = row(LONG).locator('code');
    expect(await code.getAttribute('title')).toBe(LONG);
    const [long, short] = [await row(LONG).boundingBox(), await row('orders').boundingBox()];
    expect(long?.height).toBe(short?.height);
    expect(await faultsOfPage(page)).toEqual([]);
  }, 40_000);

  it('explains its marks in words', async () => {
    expect(await page.locator('.key li').allInnerTexts()).toEqual([
      'full: the oldest are dropped',
      'gap: not connected',
    ]);
    expect(await page.locator('#rates .band-label').first().innerHTML()).toMatch(/^[\d,]+ dropped$/);
    for (const name of ['max 256', 'waiting'])
      await page.locator('#queue .line-label', { hasText: name }).waitFor();
  });

  it('shows the values at the pointer', async () => {
    await page.locator('#rates').hover();
    const rows = valuesOf('#rates').locator('li');
    await until(async () => (await rows.count()) === FIRST.length);
    // In one step, because each snapshot replaces the rows.
    const texts = await evaluate<string[]>(
      `[...document.querySelectorAll('.plot:has(#rates) .values li')].map((row) => row.innerText)`,
    );
    expect(texts).toHaveLength(FIRST.length);
    for (const text of texts) expect(text).toMatch(/^\S+\n\d+\/s$/);
    expect(await valuesOf('#rates').innerText()).toMatch(/^\d+ s ago/);
    expect(await faultsOfPage(page)).toEqual([]);

    await page.locator('#queue').hover();
    await valuesOf('#queue').getByText('waiting').waitFor();
    await valuesOf('#rates').waitFor({ state: 'hidden' });
    await page.mouse.move(0, 0);
    await valuesOf('#queue').waitFor({ state: 'hidden' });
  }, 40_000);

  it('shows the values at the keyboard focus', async () => {
    await page.locator('#work').focus();
    await page.keyboard.press('Tab');
    await valuesOf('#rates').getByText('0 s ago').waitFor();
    for (let presses = 0; presses < 3; presses++) await page.keyboard.press('ArrowLeft');
    await valuesOf('#rates')
      .getByText(/^[34] s ago/)
      .waitFor();
    expect(await page.locator('#rates').getAttribute('aria-valuetext')).toMatch(
      /^[34] s ago[^]*orders\n\d+\/s/,
    );
    await page.keyboard.press('Escape');
    await valuesOf('#rates').waitFor({ state: 'hidden' });
    await page.keyboard.press('End');
    await valuesOf('#rates').waitFor();
    await page.keyboard.press('Tab');
    await valuesOf('#queue').waitFor();
    await valuesOf('#rates').waitFor({ state: 'hidden' });
  }, 60_000);

  it('has no faults while the connection is lost, a name is refused, and the queue is full', async () => {
    await page.locator('#name').fill('orders');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('alert').getByText('is there already').waitFor();
    expect(problems.splice(0)).toEqual([expect.stringContaining('409')]);
    await page.getByRole('button', { name: 'Kill' }).click();
    await page.locator('#connection[data-state="lost"]').waitFor();
    expect(await colourOf('#gaps')).not.toBe(await colourOf('#arriving'));
    await page.locator('#connection[data-state="connected"]').waitFor();
    await page.locator('#work').focus();
    await page.keyboard.press('End');
    await page.locator('#flow[data-drops="true"]').waitFor();
    expect(await faultsOfPage(page)).toEqual([]);
    await page.locator('#work').focus();
    await page.keyboard.press('Home');
  }, 40_000);

  it('fits a phone, with buttons as wide as the page', async () => {
    const phone = await open({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await phone.locator('#rates .line').first().waitFor();
    const widths = await evaluate<number[]>(
      `[...document.querySelectorAll('.controls button, form button')].map((button) =>
        button.closest('section, form').getBoundingClientRect().width - button.getBoundingClientRect().width)`,
      phone,
    );
    expect(widths).toEqual([0, 0, 0]);
    expect(await evaluate('document.documentElement.scrollWidth', phone)).toBe(390);
    await phone.locator('#rates').scrollIntoViewIfNeeded();
    const chart = await phone.locator('#rates').boundingBox();
    await phone.locator('#rates').tap();
    const values = valuesOf('#rates', phone);
    await values.getByText('orders').waitFor();
    const { x = -1, y = 0, width = 391 } = (await values.boundingBox()) ?? {};
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(390);
    // The box leaves the chart as it is, and free.
    expect(await phone.locator('#rates').boundingBox()).toEqual(chart);
    expect(y).toBeGreaterThanOrEqual((chart?.y ?? Infinity) + (chart?.height ?? 0));
    expect(await faultsOfPage(phone)).toEqual([]);
    await phone.context().close();
  }, 40_000);

  it('links to its code', async () => {
    const links = await page.locator('footer a').all();
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) {
      const response = await fetch(new URL((await link.getAttribute('href')) ?? '', server.url));
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'text/plain; charset=utf-8',
      ]);
      const file = await readFile(`examples/nest-dashboard/${await link.innerText()}`, 'utf8');
      expect(await response.text()).toBe(file);
    }
  });

  it('says what is missing when there is nothing to show', async () => {
    const context = await browser.newContext();
    const empty = await context.newPage();
    await empty.route('**/snapshots', () => undefined); // no answer yet
    await empty.goto(server.url);
    const note = empty.locator('#rates .note');
    await note.getByText('Waiting for the first numbers').waitFor();
    await empty.getByText('Nothing yet. Try a burst.').waitFor();
    expect(await empty.locator('#arriving').innerText()).toBe('–');
    expect(await faultsOfPage(empty)).toEqual([]);
    await context.close();

    const none = await open({}, EMPTY);
    await none.locator('#rates .note').getByText('No channel sends messages').waitFor();
    await none.context().close();

    while ((await page.locator('.remove').count()) > 0) {
      const name = await page.locator('li[data-source]').first().getAttribute('data-source');
      await row(name ?? '')
        .locator('.remove')
        .click();
      await row(name ?? '').waitFor({ state: 'detached' });
    }
    await page.getByText('No channels. Add one').waitFor();
    await until(async () => (await page.locator('#rates .line-label').count()) === 0);
    await page.getByRole('button', { name: 'Burst' }).click();
    await page.getByRole('alert').getByText('add a channel first').waitFor();
    expect(problems.splice(0)).toEqual([expect.stringContaining('409')]);
    expect(await faultsOfPage(page)).toEqual([]);
  }, 60_000);
});
