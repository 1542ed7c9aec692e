import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesIn } from '../support/documents.js';
import { runScript } from '../support/run-script.js';
import { sharedRedis } from '../support/shared-redis.js';

const examples = filesIn('examples', '.ts');
/** Outputs of the examples that have run. */
const outputs = new Map<string, Promise<string>>();

/** Runs an example, unless another test has run it. */
function outputOf(file: string, redisUrl: string): Promise<string> {
  const output = outputs.get(file) ?? runScript(file, { redisUrl });
  outputs.set(file, output);
  return output;
}

if (examples.length > 0) {
  describe('an example', () => {
    const redis = sharedRedis();

    it.each(examples)(
      '%s runs to its end, with output',
      async (file) => {
        await expect(outputOf(file, redis.url)).resolves.not.toBe('');
      },
      40_000,
    );
  });
}

describe('the example of recovered messages', () => {
  const redis = sharedRedis();

  it('receives all messages in order, those of the outage from the log', async () => {
    const shown = await outputOf('examples/recover-messages.ts', redis.url);
    expect(shown.split('\n').filter((line) => /^\d$/.test(line))).toEqual(Array.from('123456789'));
    expect(shown).toContain('9 published, 9 received, 5 of them from the log, 0 gaps');
  }, 40_000);
});

describe('the example of rooms', () => {
  const redis = sharedRedis();

  it('gives each client the messages of its rooms, closes a slow client, and leaves no subscription', async () => {
    const shown = await outputOf('examples/websocket-rooms.ts', redis.url);
    expect(shown.trim().split('\n')).toEqual([
      '1000 clients in 50 rooms, 50 subscriptions in Redis',
      '2000 messages received',
      '1000 messages received by those who are still in the rooms',
      'the client that reads nothing is closed: 1013 Too slow for busy',
      'all clients have gone, 0 subscriptions in Redis',
    ]);
  }, 40_000);
});

describe('the demo', () => {
  const redis = sharedRedis();
  const DEMO = 'examples/demo.ts';

  it('prints received messages with their sources, late messages, and the stats, in plain lines', async () => {
    const shown = await outputOf(DEMO, redis.url);
    for (const line of [
      /● news +SUBSCRIBE acknowledged/,
      /● chat:lobby +chat:lobby +Hi! The pattern hears me\n +◆ chat:\* +chat:lobby +Hi! The pattern hears me/,
      /◆ __keyspace@\*__:demo:\* +__keyspace@0__:demo:user +set/,
      /● sports +sports +3 : 2 after extra time/,
      /● news +no longer subscribed/,
      /● alerts +late, and ignored: Disk is full/,
      /◆ chat:\* +chat:kitchen +Who took my cup\?/,
      /received +13 /,
      /late +1 /,
    ]) {
      expect(shown).toMatch(line);
    }
    expect(shown).not.toContain('\u001b');
  }, 40_000);

  it('prints an error if REDIS_URL leads to no Redis, without the password', async () => {
    const ending = await runScript(DEMO, { redisUrl: 'redis://:secret@127.0.0.1:1' }).catch(String);
    expect(ending).toMatch(/Error: REDIS_URL names no Redis that answers.*Unset it/);
    expect(ending).not.toContain('secret');
  }, 40_000);
});

describe('a script', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scripts-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function run(code: string, timeLimit?: number): Promise<string> {
    const file = join(folder, 'script.ts');
    await writeFile(file, code);
    return runScript(file, { redisUrl: 'redis://given', ...(timeLimit === undefined ? {} : { timeLimit }) });
  }

  it('runs without a terminal, and with its Redis', async () => {
    const code = 'console.log(process.env.REDIS_URL as string, process.stdout.isTTY ?? false);';
    await expect(run(code)).resolves.toBe('redis://given false\n');
  });

  it('that fails is reported with its output', async () => {
    await expect(run("console.error('so sad'); process.exit(3);")).rejects.toThrow(/code 3\nso sad/);
  });

  it('that does not end is killed', async () => {
    await expect(run('setInterval(() => {}, 1_000);', 2_000)).rejects.toThrow('did not end within 2000 ms');
  });
});
