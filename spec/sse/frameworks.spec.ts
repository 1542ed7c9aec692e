import type { Browser } from 'playwright-core';
import { createClient } from 'redis';
import { recoverable } from '../../lib/index.js';
import { launchChromium } from '../support/browser.js';
import { ExampleServer } from '../support/example-server.js';
import { findChromium } from '../support/find-chromium.js';
import { sharedRedis } from '../support/shared-redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const chromium = findChromium();
const describeWithChromium = chromium ? describe : describe.skip;
const FRAMEWORKS = ['express', 'fastify', 'hono', 'nest'];

/** Returns the texts of the numbers from one to another. */
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

describeWithChromium(`Server-Sent Events, in ${chromium ?? 'a Chromium, which is not there'}`, () => {
  const redis = sharedRedis();
  const opened: AsyncDisposable[] = [];
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium(chromium ?? '');
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    for (const each of opened) await each[Symbol.asyncDispose]();
  });

  it('arrive from each framework, each once, through a lost connection', async () => {
    const client = await createClient({ url: redis.url }).connect();
    const publisher = recoverable(client);
    const publish = async (from: number, to: number) => {
      for (const text of numbers(from, to)) await publisher.publish('news', text);
    };
    const subscribed = async () => (await client.pubSubNumSub('news')).news;

    const visits = await Promise.all(
      FRAMEWORKS.map(async (framework) => {
        const server = await ExampleServer.start(`examples/sse/${framework}.ts`, redis.url);
        opened.push(server);
        const proxy = await TcpProxy.start(Number(new URL(server.url).port));
        opened.push(proxy);
        const page = await browser.newPage();
        await page.goto(`http://127.0.0.1:${proxy.port}`);
        return { framework, proxy, page };
      }),
    );
    const shown = async () => {
      const lists = visits.map(async ({ framework, page }) => [
        framework,
        await page.locator('#news li').allInnerTexts(),
      ]);
      return Object.fromEntries(await Promise.all(lists)) as Record<string, string[]>;
    };
    const show = async (count: number) => {
      const isShown = async () => Object.values(await shown()).every(({ length }) => length >= count);
      await until(isShown, { timeout: 15_000, message: `all pages to show ${count} messages` });
    };

    await until(async () => (await subscribed()) === FRAMEWORKS.length);
    await publish(1, 20);
    await show(20);
    for (const { proxy } of visits) {
      proxy.close();
      proxy.cut();
    }
    await publish(21, 40);
    for (const { proxy } of visits) proxy.reopen();
    await publish(41, 50);
    await show(50);
    expect(await shown()).toEqual(
      Object.fromEntries(FRAMEWORKS.map((framework) => [framework, numbers(1, 50)])),
    );

    await Promise.all(visits.map(({ page }) => page.close()));
    await until(async () => (await subscribed()) === 0);
    client.destroy();
  }, 60_000);
});
