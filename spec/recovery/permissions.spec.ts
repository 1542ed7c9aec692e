import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { Receiver, recoverable, type ReceiverEvent } from '../../lib/index.js';
import { RedisServer } from '../support/redis-server.js';
import { ROOT } from '../support/root.js';
import { until } from '../support/until.js';

const GUIDE = readFileSync(join(ROOT, 'docs/recovery.md'), 'utf8');

/** The rules that the guide gives a user. */
function rulesOf(user: string): string[] {
  const line = new RegExp(`^ACL SETUSER ${user} (.*)$`, 'm').exec(GUIDE)?.[1];
  if (line === undefined) throw new Error(`no rules of the user ${user} in the guide`);
  return line.split(' ');
}

const connect = (url: string) => createClient({ url }).connect();
const commandsOf = (user: string) => rulesOf(user).filter((rule) => rule.startsWith('+'));

describe('the permissions in docs/recovery.md', () => {
  let server: RedisServer;
  let admin: Awaited<ReturnType<typeof connect>>;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = await connect(server.url);
  });

  beforeEach(() => admin.flushAll());

  afterAll(async () => {
    admin.destroy();
    await server.stop();
  });

  const as = (username: string) => ({ url: server.url, username, password: 'secret' });
  const permit = (user: string, without?: string) =>
    admin.aclSetUser(user, ['reset', ...rulesOf(user).filter((rule) => rule !== without)]);

  /** Publishes with all that the script can do: a new log, the next message, one of a second publisher, a log that was rewound. */
  async function publishAll(): Promise<void> {
    const client = createClient(as('publisher'));
    client.on('error', () => undefined);
    await client.connect();
    try {
      const publisher = recoverable(client, { keepFor: 60_000 });
      await publisher.publish('news', 'a');
      await publisher.publish('news', 'b');
      await recoverable(client).publish('news', 'c');
      const [first] = (await admin.xRange('log:{news}', '-', '+')) ?? [];
      await admin.del('log:{news}');
      await admin.xAdd('log:{news}', first?.id ?? '', { d: 'a', n: 'a' });
      await publisher.publish('news', 'd');
    } finally {
      client.destroy();
    }
  }

  it('let a publisher publish', async () => {
    await permit('publisher');
    await publishAll();
    expect(await admin.xLen('log:{news}')).toBe(2);
  });

  it.each(commandsOf('publisher'))(
    'have no command for a publisher that is not needed: %s',
    async (command) => {
      await permit('publisher', command);
      const advice = expect.stringContaining(command) as string;
      await expect(publishAll()).rejects.toMatchObject({ code: 'ERR_RECOVERY', message: advice });
    },
  );

  // As Redis has it since 7.2, and Valkey.
  it('are named where a newer server refuses a command of the script', async () => {
    const refusal = "ERR ACL failure in script: User publisher has no permissions to run the 'xadd' command";
    const client = { eval: () => Promise.reject(new Error(refusal)) };
    await expect(recoverable(client).publish('news', 'a')).rejects.toMatchObject({
      code: 'ERR_RECOVERY',
      message: expect.stringContaining('+xadd') as string,
    });
  });

  it('let a subscriber recover messages, and release the channel', async () => {
    await permit('subscriber');
    const publisher = recoverable(admin);
    await publisher.publish('news', 'a');
    const received: string[] = [];
    const events: ReceiverEvent[] = [];
    const receiver = await Receiver.open(as('subscriber'));
    receiver.events.subscribe((event) => events.push(event));
    receiver.channel('news', { recover: { from: 'start' } });
    receiver.subscribe(({ data }) => received.push(data));
    await receiver.connect();
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await publisher.publish('news', 'b');
    await until(() => received.length === 2);
    await receiver.stop();
    expect(received).toEqual(['a', 'b']);
    expect(events.map(({ type }) => type)).toEqual([
      'subscribed',
      'disconnected',
      'recovered',
      'unsubscribed',
    ]);
    expect(await admin.pubSubNumSub('news')).toEqual({ news: 0 });
  });

  it.each(['+subscribe', '+xinfo|stream', '%R~log:*', '&news'])(
    'have no rule for a subscriber that is not needed: %s',
    async (rule) => {
      await permit('subscriber', rule);
      await using receiver = await Receiver.open(as('subscriber'));
      receiver.channel('news', { recover: { from: 'start' } });
      await expect(receiver.connect()).rejects.toThrow('NOPERM');
    },
  );

  it('are named by the event recovery-error', async () => {
    await permit('subscriber', '+xrange');
    await recoverable(admin).publish('news', 'a');
    await using receiver = await Receiver.open(as('subscriber'));
    const events: ReceiverEvent[] = [];
    receiver.events.subscribe((event) => events.push(event));
    receiver.channel('news', { recover: { from: 'start' } });
    await receiver.connect();
    await until(() => events.some(({ type }) => type === 'gap'));
    expect(events[1]).toMatchObject({
      type: 'recovery-error',
      error: {
        code: 'ERR_RECOVERY',
        log: 'log:{news}',
        message: expect.stringContaining('+xrange') as string,
      },
    });
  });

  it('keep a message that the publisher may not publish out of the log, too', async () => {
    await permit('publisher', '&news');
    await expect(publishAll()).rejects.toMatchObject({ code: 'ERR_RECOVERY' });
    expect(await admin.xLen('log:{news}')).toBe(0);
  });
});
