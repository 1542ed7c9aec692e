import { join } from 'node:path';
import { NestFixture } from '../support/nest-fixture.js';
import { ScriptProcess } from '../support/script-process.js';
import { until } from '../support/until.js';

const MESSAGES = 500;

describe.each([
  ['global', true],
  ['local', false],
])('An application with a %s ReceiverModule that gets SIGTERM', (_, isGlobal) => {
  const nest = new NestFixture();

  const run = async (name: string) => {
    const environment = { REDIS_URL: nest.redis.url, IS_GLOBAL: String(isGlobal) };
    const script = await ScriptProcess.start(join(__dirname, 'applications', `${name}.ts`), environment);
    nest.closeLater(() => script[Symbol.asyncDispose]());
    return script;
  };

  async function publish(): Promise<void> {
    const publisher = await nest.bare();
    const messages = Array.from({ length: MESSAGES }, (_, index) => String(index));
    const receivers = await Promise.all(messages.map((data) => publisher.publish('news', data)));
    expect(new Set(receivers)).toEqual(new Set([1]));
  }

  it('handles all published messages, if its root module waits for the end of the stream', async () => {
    const app = await run('waits-for-its-stream');
    await app.printed(/http:\S+/);
    await publish();
    app.kill('SIGTERM');
    await expect(app.end).resolves.toBe('SIGTERM');
    expect(app.output).toContain(`handled ${MESSAGES}\n`);
  }, 60_000);

  it('sends all published messages, and ends the open responses', async () => {
    const app = await run('serves-a-stream');
    const url = await app.printed(/http:\S+/);
    // A keep-alive connection would keep the server open for seconds after its last response.
    const headers = { connection: 'close' };
    const response = fetch(`${url}/news`, { headers }).then((answer) => answer.text());
    const admin = await nest.bare();
    await until(async () => (await admin.pubSubNumSub('news')).news === 1);
    await publish();
    app.kill('SIGTERM');
    const events = (await response).matchAll(/data: (\d+)/g);
    expect([...events].map(([, data]) => Number(data))).toEqual([...Array(MESSAGES).keys()]);
    await expect(app.end).resolves.toBe('SIGTERM');
  }, 60_000);
});
