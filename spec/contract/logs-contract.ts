import { APPEND_SCRIPT, NONCE_FIELD, PAYLOAD_FIELD } from '../../lib/log/append-script.js';
import { openEnvelope } from '../../lib/log/envelope.js';
import { parseLogId, type LogId } from '../../lib/log/log-id.js';
import type { Reply } from '../../lib/log/log-client.js';
import type { LogTestClient } from '../support/log-test-client.js';
import { until } from '../support/until.js';
import type { EnvironmentClient, EnvironmentKind, RedisEnvironment } from './environment.js';

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
const NO_SUCH_KEY = 'ERR no such key';

interface AppendOptions {
  readonly verb?: 'PUBLISH' | 'SPUBLISH';
  readonly nonce?: string;
  readonly keep?: number;
  readonly keepFor?: number;
  /** The last message that the publisher knows. */
  readonly known?: LogId;
  readonly by?: LogTestClient;
}

let names = 0;

/** Tests the commands on logs on which recoverable channels rely. */
export function logsContract({ abilities }: EnvironmentKind, environment: () => RedisEnvironment): void {
  let client: EnvironmentClient;
  let logs: LogTestClient;
  let channel: string;
  let log: string;

  beforeEach(async () => {
    client = await environment().client();
    logs = client.duplicate();
    logs.on('error', () => undefined);
    if (!logs.isOpen) await logs.connect();
    channel = `logged:${names++}`;
    log = `log:{${channel}}`;
  });

  afterEach(() => logs.destroy());

  /** Returns a promise of a reply: the Redis in memory replies, and throws, at once. */
  const settled = async <T>(reply: () => Reply<T>): Promise<T> => reply();

  const append = async (payload: string | Buffer, options: AppendOptions = {}) => {
    const { verb = 'PUBLISH', nonce = 'n', keep = 100, keepFor = 0, known, by = logs } = options;
    const numbers = [keep, keepFor, known?.epoch ?? 0, known?.number ?? 0].map(String);
    const reply = await settled(() =>
      by.eval(APPEND_SCRIPT, { keys: [log], arguments: [verb, channel, payload, nonce, ...numbers] }),
    );
    const [id, receivers] = reply as [string, number];
    return { id, receivers, ...parseLogId(id)! };
  };

  const entries = async (...range: [start: string, end: string, options?: { COUNT: number }]) =>
    ((await logs.xRange(log, ...range)) ?? []).map(({ id, message }) => [id, message[PAYLOAD_FIELD]]);

  const fill = async (...ids: string[]) => {
    for (const id of ids) await logs.xAdd(log, id, { [PAYLOAD_FIELD]: `at ${id}` });
  };

  const lastId = async () => (await logs.xInfoStream(log))['last-generated-id'];

  /** Returns an epoch after the time of any server. */
  const laterThanNow = () => Date.now() + 1e9;

  describe('the script of a publisher', () => {
    it('numbers the messages without a hole, in one epoch', async () => {
      const first = await append('a');
      const second = await append('b', { known: first });
      const third = await append('c'); // by a publisher that knows nothing
      const fourth = await append('d', { known: first }); // by a publisher that missed messages
      expect(first.number).toBe(1);
      expect(first.epoch).toBeGreaterThan(1_600_000_000_000);
      expect([second.id, third.id, fourth.id]).toEqual([2, 3, 4].map((number) => `${first.epoch}-${number}`));
      expect(await entries('-', '+')).toEqual([
        [first.id, 'a'],
        [second.id, 'b'],
        [third.id, 'c'],
        [fourth.id, 'd'],
      ]);
    });

    it('publishes each message in an envelope, and keeps it without one', async () => {
      const received: Buffer[] = [];
      const bytes = Buffer.of(0, 0xff, 0x0a);
      await client.subscribe(channel, (data) => void received.push(data as Buffer), true);
      const { id, epoch, number } = await append(bytes, { nonce: 'once' });
      await until(() => received.length === 1);
      expect(received).toEqual([Buffer.concat([Buffer.from(`\0rx1 ${id} once\n`), bytes])]);
      expect(openEnvelope(received[0]!, channel, undefined)).toMatchObject({
        id: { epoch, number },
        idText: id,
        nonce: 'once',
        payload: bytes,
      });
      expect(await logs.withTypeMapping({ 36: Buffer }).xRange(log, '-', '+')).toEqual([
        { id: Buffer.from(id), message: { [PAYLOAD_FIELD]: bytes, [NONCE_FIELD]: Buffer.from('once') } },
      ]);
    });

    it('publishes to sharded channels apart from channels', async () => {
      const received: unknown[] = [];
      await client.subscribe(channel, () => void received.push('channel'));
      await client.sSubscribe(channel, (data) => void received.push(data));
      const sharded = await append('a', { verb: 'SPUBLISH' });
      await until(() => received.length === 1);
      expect(received).toEqual([`\0rx1 ${sharded.id} n\na`]);
      expect(sharded.receivers).toBe(1);
    });

    if (abilities.count) {
      it('returns the number of receivers', async () => {
        expect(await append('a')).toMatchObject({ receivers: 0 });
        await client.subscribe(channel, () => undefined);
        await client.pSubscribe(`${channel}*`, () => undefined);
        expect(await append('b')).toMatchObject({ receivers: 2 });
        expect(await append('c', { verb: 'SPUBLISH' })).toMatchObject({ receivers: 0 });
      });
    }

    it('continues the numbers of a log without entries', async () => {
      const first = await append('a');
      await logs.xTrim(log, 'MAXLEN', 0);
      const second = await append('b');
      expect(second).toMatchObject({ epoch: first.epoch, number: 2 });
      await logs.xDel(log, second.id);
      expect(await append('c', { known: second })).toMatchObject({ epoch: first.epoch, number: 3 });
    });

    it('continues a log with a later epoch than that of the publisher', async () => {
      const epoch = laterThanNow();
      await fill(`${epoch}-7`);
      expect(await append('a', { known: { epoch: epoch - 1, number: 99 } })).toMatchObject({
        epoch,
        number: 8,
      });
      expect(await append('b')).toMatchObject({ epoch, number: 9 });
    });

    it.each([1, 2, 5])(
      'begins an epoch if the log ends %p messages before that of the publisher',
      async (ahead) => {
        const epoch = laterThanNow();
        await fill(`${epoch}-1`);
        const next = await append('a', { known: { epoch, number: 1 + ahead } });
        expect(next).toMatchObject({ epoch: epoch + 1, number: 2 });
        expect(await entries('-', '+')).toEqual([
          [`${epoch}-1`, `at ${epoch}-1`],
          [next.id, 'a'],
        ]);
        expect(await append('b', { known: next })).toMatchObject({ epoch: epoch + 1, number: 3 });
      },
    );

    it('begins an epoch by the clock if that of the publisher is past', async () => {
      const known = { epoch: 5, number: 2 };
      await fill('5-1');
      const { epoch, number } = await append('a', { known });
      expect(epoch).toBeGreaterThan(1_600_000_000_000);
      expect(number).toBe(2);
    });

    it('begins a later epoch in a log that was deleted, whatever the clock says', async () => {
      const epoch = laterThanNow();
      const known = { epoch, number: 3 };
      expect(await append('a', { known })).toMatchObject({ epoch: epoch + 1, number: 1 });
      await logs.del(log);
      expect((await append('b')).epoch).toBeLessThan(epoch);
    });

    it('begins a later epoch in a log that was created anew with an older one', async () => {
      const epoch = laterThanNow();
      const other = await append('by another publisher');
      const next = await append('a', { known: { epoch, number: 3 } });
      expect(next).toMatchObject({ epoch: epoch + 1, number: 2 });
      expect(await entries('-', '+')).toEqual([
        [other.id, 'by another publisher'],
        [next.id, 'a'],
      ]);
      expect(await append('b', { known: other })).toMatchObject({ epoch: epoch + 1, number: 3 });
    });

    it('keeps at least the newest messages', async () => {
      const keep = 2;
      for (const payload of ['a', 'b', 'c', 'd']) await append(payload, { keep });
      expect((await entries('-', '+')).slice(-keep).map(([, payload]) => payload)).toEqual(['c', 'd']);
    });

    it('deletes an idle log', async () => {
      await append('a', { keepFor: 1 });
      await until(() =>
        settled(lastId).then(
          () => false,
          () => true,
        ),
      );
      await expect(settled(lastId)).rejects.toThrow(NO_SUCH_KEY);
    });

    it('fails on a key of another type, and publishes nothing', async () => {
      const received: unknown[] = [];
      await client.subscribe(channel, (data) => void received.push(data));
      await logs.set(log, 'text');
      for (const known of [undefined, { epoch: 5, number: 1 }])
        await expect(append('a', known && { known })).rejects.toThrow(WRONG_TYPE);
      await logs.del(log);
      const { id } = await append('b');
      await until(() => received.length > 0);
      expect(received).toEqual([`\0rx1 ${id} n\nb`]);
    });

    if (abilities.refuse) {
      it('appends nothing where Redis refuses the channel', async () => {
        await environment().refuse([channel], ['another']);
        const refused = append('a', { by: client as unknown as LogTestClient });
        await expect(refused).rejects.toThrow(/^NOPERM this user has no permissions .* channels/);
        await expect(settled(lastId)).rejects.toThrow(NO_SUCH_KEY);
      });
    }
  });

  describe('a reader', () => {
    it('reads the entries from one id to another, the ends included or not', async () => {
      await fill('5-1', '5-2', '6-1', '6-2');
      const ids = async (...range: Parameters<typeof entries>) =>
        (await entries(...range)).map(([id]) => id).join(' ');
      expect(await ids('-', '+')).toBe('5-1 5-2 6-1 6-2');
      expect(await ids('5-2', '6-1')).toBe('5-2 6-1');
      expect(await ids('(5-1', '(6-2')).toBe('5-2 6-1');
      expect(await ids('6', '+')).toBe('6-1 6-2');
      expect(await ids('-', '5')).toBe('5-1 5-2');
      expect(await ids('(5-2', '+', { COUNT: 1 })).toBe('6-1');
      expect(await ids('(6-2', '+')).toBe('');
      expect(await ids('6-2', '5-1')).toBe('');
    });

    it('reads nothing of a log that does not exist, and learns so from its state', async () => {
      expect(await entries('-', '+')).toEqual([]);
      await expect(settled(lastId)).rejects.toThrow(NO_SUCH_KEY);
    });

    it('learns the last id after all entries have been trimmed or deleted', async () => {
      await fill('5-1', '5-2', '5-3');
      expect(await logs.xDel(log, ['5-3', '5-4'])).toBe(1);
      expect(await lastId()).toBe('5-3');
      expect(await logs.xTrim(log, 'MAXLEN', 0)).toBe(2);
      expect(await logs.xInfoStream(log)).toMatchObject({
        length: 0,
        'last-generated-id': '5-3',
        'max-deleted-entry-id': '5-3',
        'entries-added': 3,
      });
      const state = await logs.withTypeMapping({ 36: Buffer }).xInfoStream(log);
      expect(state['last-generated-id']).toEqual(Buffer.from('5-3'));
      await expect(settled(() => fill('5-3'))).rejects.toThrow(
        'ERR The ID specified in XADD is equal or smaller than the target stream top item',
      );
    });

    it('fails on a key of another type', async () => {
      await logs.set(log, 'text');
      await expect(settled(lastId)).rejects.toThrow(WRONG_TYPE);
      await expect(settled(() => logs.xRange(log, '-', '+'))).rejects.toThrow(WRONG_TYPE);
    });

    if (abilities.refuse) {
      it('fails with NOPERM on a key that Redis refuses', async () => {
        await environment().refuseKeys([log], ['another']);
        const refused = /^NOPERM (this user has no permissions|No permissions to access a key)/;
        await expect(settled(lastId)).rejects.toThrow(refused);
        await expect(settled(() => logs.xRange(log, '-', '+'))).rejects.toThrow(refused);
        await expect(append('a')).rejects.toThrow(refused);
      });
    }

    if (abilities.registry && abilities.nodeRedis) {
      it('gets its reply after a lost connection is restored, and fails once its client is closed', async () => {
        const reader = client as unknown as LogTestClient;
        await fill('5-1');
        await environment().break();
        const reply = settled(() => reader.xRange(log, '-', '+'));
        const state = settled(() => reader.xInfoStream(log));
        // At once: the proxy accepts connections during an outage, and resets them with the commands on them.
        const healed = environment().heal();
        expect(await reply).toMatchObject([{ id: '5-1' }]);
        expect(await state).toMatchObject({ length: 1 });
        await healed;
        await environment().break();
        const late = settled(() => reader.xInfoStream(log));
        const failure = expect(late).rejects.toThrow('Disconnects client');
        client.destroy();
        await failure;
        await expect(settled(() => reader.xInfoStream(log))).rejects.toThrow('The client is closed');
      });
    }
  });
}
