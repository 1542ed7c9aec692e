import type { Browser, Page } from 'playwright-core';
import { createClient } from 'redis';
import { launchChromium } from '../support/browser.js';
import { ExampleServer } from '../support/example-server.js';
import { findChromium } from '../support/find-chromium.js';
import { sharedRedis } from '../support/shared-redis.js';
import { until } from '../support/until.js';

const chromium = findChromium();
const describeWithChromium = chromium ? describe : describe.skip;

describeWithChromium(
  `GraphQL subscriptions of Nest, in ${chromium ?? 'a Chromium, which is not there'}`,
  () => {
    const redis = sharedRedis();
    let browser: Browser;

    beforeAll(async () => {
      browser = await launchChromium(chromium ?? '');
    }, 60_000);

    afterAll(() => browser.close());

    it('arrive at all pages, tell of an outage, and end with the pages and with the server', async () => {
      const client = await createClient({ url: redis.url }).connect();
      await using _ = { [Symbol.asyncDispose]: () => client.close() };
      const subscribers = async () => (await client.pubSubNumSub('orderPaid')).orderPaid;
      await using server = await ExampleServer.start('examples/graphql/nest.ts', redis.url);
      const open = async () => {
        const page = await browser.newPage();
        const subscribed = page.waitForResponse((response) => response.url().includes('subscription'));
        await page.goto(server.url);
        await subscribed;
        return page;
      };
      const shown = (page: Page) => page.locator('#orders li').allInnerTexts();
      const show = (page: Page, count: number) =>
        until(async () => (await shown(page)).length === count, { timeout: 15_000 });

      const first = await open();
      await until(async () => (await subscribers()) === 1);
      const second = await open();
      await first.click('button');
      await Promise.all([show(first, 1), show(second, 1)]);

      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      await Promise.all([show(first, 2), show(second, 2)]);
      await first.click('button');
      await Promise.all([show(first, 3), show(second, 3)]);
      for (const page of [first, second])
        expect(await shown(page)).toEqual(['Order 1', 'Orders are missing', 'Order 2']);

      await first.close();
      await second.click('button');
      await show(second, 4);
      expect(await subscribers()).toBe(1);
      await second.close();
      await until(async () => (await subscribers()) === 0);

      await open();
      await until(async () => (await subscribers()) === 1);
      await server.interrupt();
      await until(async () => (await client.clientList()).length === 1);
    }, 60_000);
  },
);
