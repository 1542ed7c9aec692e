import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from '../support/root.js';
import { sharedRedis } from '../support/shared-redis.js';

describe('the debug log', () => {
  const redis = sharedRedis();

  async function stderrWith(env: NodeJS.ProcessEnv): Promise<string> {
    const script = 'spec/observability/applications/meets-trouble.ts';
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], {
      cwd: ROOT,
      env: { ...process.env, REDIS_URL: redis.url, ...env },
    });
    return stderr;
  }

  it('says what happens, in plain lines, without payloads and passwords', async () => {
    const stderr = await stderrWith({ NODE_DEBUG: 'rx-redis-receiver' });
    const lines = stderr
      .split('\n')
      .flatMap((line) => /^RX-REDIS-RECEIVER \d+: (.*)/.exec(line)?.[1] ?? [])
      .map((line) => line.replace(/from \d+ ms/, 'from 7 ms'));
    const expected = [
      `connected to ${redis.url}`,
      'subscribe asked of Redis: channel "news", channel "forbidden"',
      'subscribed: Redis has acknowledged channel "news"',
      'channel-error of channel "forbidden"',
      'disconnected',
      'gap (reconnect): messages may be missing from 7 ms on channel "news"',
      'unsubscribed: no more messages come from channel "news"',
    ];
    const place = (start: string) => lines.findIndex((line) => line.startsWith(start));
    const places = expected.map(place);
    expect({ places, lines }).toEqual({ places: places.toSorted((one, other) => one - other), lines });
    expect({ missing: expected.filter((start) => place(start) < 0), lines }).toEqual({ missing: [], lines });
    expect(lines.find((line) => line.startsWith('channel-error'))).toContain('Redis refused: NOPERM');
    expect(stderr).not.toMatch(/open-sesame|a payload/);
  }, 40_000);

  it('is silent without NODE_DEBUG', async () => {
    expect(await stderrWith({ NODE_DEBUG: '' })).toBe('');
  }, 40_000);
});
