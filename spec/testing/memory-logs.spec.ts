import { TestScheduler } from 'rxjs/testing';
import { APPEND_SCRIPT } from '../../lib/log/append-script.js';
import { whenReplied, type LogClient, type Reply, type ScriptClient } from '../../lib/log/log-client.js';
import { MemoryPubSub } from '../../lib/testing/index.js';

interface AppendOptions {
  readonly keep?: number;
  readonly keepFor?: number;
  readonly known?: readonly [epoch: number, number: number];
}

/** Appends a message to the log `log`, and publishes it to `a`. */
function append(redis: MemoryPubSub, payload: string, options: AppendOptions = {}) {
  const { keep = 100, keepFor = 0, known = [0, 0] } = options;
  const numbers = [keep, keepFor, ...known].map(String);
  return redis.eval(APPEND_SCRIPT, { keys: ['log'], arguments: ['PUBLISH', 'a', payload, 'n', ...numbers] });
}

const entries = (redis: MemoryPubSub) =>
  (redis.xRange('log', '-', '+') as { id: string; message: Record<string, string> }[]).map(
    ({ id, message }) => `${id} ${message.d}`,
  );

/** Logs the outcome of a reply at the moment when it is there. */
function outcomesOf<T>() {
  const outcomes: (T | string)[] = [];
  return {
    outcomes,
    note: (request: () => Reply<T>) =>
      whenReplied(
        request,
        (value) => void outcomes.push(value),
        (error) => void outcomes.push((error as Error).message),
      ),
  };
}

const inVirtualTime = (work: Parameters<TestScheduler['run']>[0]) =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(work);

const clear = (message: RegExp): Error =>
  expect.objectContaining({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  }) as Error;

describe('the logs of MemoryPubSub', () => {
  it('satisfy the ports of a reader and of a publisher, and are shared by all clients', () => {
    const redis = new MemoryPubSub();
    const client: LogClient & ScriptClient = redis.duplicate();
    redis.xAdd('log', '5-1', { d: 'one' });
    expect(client.xRange('log', '-', '+')).toEqual([{ id: '5-1', message: { d: 'one' } }]);
    expect(new MemoryPubSub().xRange('log', '-', '+')).toEqual([]);
  });

  it('reply and throw at once', () => {
    const redis = new MemoryPubSub();
    const received: unknown[] = [];
    void redis.subscribe('a', (data) => void received.push(data));
    redis.xAdd('log', '5-1', { d: 'one' });
    expect(append(redis, 'two')).toEqual(['5-2', 1]);
    expect(received).toEqual(['\0rx1 5-2 n\ntwo']);
    expect(entries(redis)).toEqual(['5-1 one', '5-2 two']);
    expect(redis.xInfoStream('log')).toMatchObject({ length: 2, 'last-generated-id': '5-2' });
    expect(() => redis.xInfoStream('other')).toThrow('ERR no such key');
  });

  it('reply at once inside a listener, too, and deliver in order', () => {
    const redis = new MemoryPubSub();
    const received: string[] = [];
    void redis.subscribe('a', (data) => {
      received.push(String(data).split('\n')[1]!);
      if (received.length > 1) return;
      expect(append(redis, 'inner')).toEqual(['5-3', 1]);
      expect(entries(redis)).toHaveLength(3);
      expect(received).toEqual(['outer']);
    });
    redis.xAdd('log', '5-1', { d: 'one' });
    void append(redis, 'outer');
    expect(received).toEqual(['outer', 'inner']);
  });

  it('begin an epoch by the virtual clock, but never epoch 0', () => {
    inVirtualTime(({ cold, flush }) => {
      const redis = new MemoryPubSub();
      const ids: unknown[] = [];
      const add = () => {
        ids.push((append(redis, 'x') as [string, number])[0]);
        redis.del('log');
        ids.push(redis.xAdd('log', '*', { d: 'x' }), redis.xAdd('log', '*', { d: 'y' }));
        redis.del('log');
      };
      cold('---x').subscribe(add);
      void append(redis, 'at 0');
      expect(entries(redis)).toEqual(['1-1 at 0']);
      redis.del('log');
      flush();
      expect(ids).toEqual(['3-1', '3-0', '3-1']);
    });
  });

  it('continue the last epoch with an id that depends on it', () => {
    const redis = new MemoryPubSub();
    expect(redis.xAdd('log', '5-*', { d: 'x' })).toBe('5-0');
    expect(redis.xAdd('log', '5-*', { d: 'x' })).toBe('5-1');
    const future = Date.now() + 1e9;
    redis.xAdd('log', `${future}-7`, { d: 'x' });
    expect(redis.xAdd('log', '*', { d: 'x' })).toBe(`${future}-8`);
  });

  it('keep exactly as many messages as the publisher says', () => {
    const redis = new MemoryPubSub();
    redis.xAdd('log', '5-1', { d: 'one' });
    for (const payload of ['two', 'three', 'four']) void append(redis, payload, { keep: 2 });
    expect(entries(redis)).toEqual(['5-3 three', '5-4 four']);
    redis.xAdd(
      'log',
      '5-*',
      { d: 'five' },
      { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 1 } },
    );
    expect(entries(redis)).toEqual(['5-5 five']);
  });

  it('are deleted when they have been idle for long enough, by the virtual clock', () => {
    inVirtualTime(({ cold, flush }) => {
      const redis = new MemoryPubSub();
      const states: string[] = [];
      cold('-a-a--b-b|', { a: 'append', b: 'look' }).subscribe((action) => {
        if (action === 'append') void append(redis, 'x', { keepFor: 4 });
        states.push(`${entries(redis).length}`);
      });
      flush();
      expect(states).toEqual(['1', '2', '2', '0']);
    });
  });

  it('stay for ever after a SET or a DEL in between', () => {
    inVirtualTime(({ cold, flush }) => {
      const redis = new MemoryPubSub();
      void append(redis, 'x', { keepFor: 2 });
      redis.set('log', '');
      expect(() => append(redis, 'x')).toThrow('WRONGTYPE');
      expect(redis.del(['log', 'other'])).toBe(1);
      void append(redis, 'y');
      cold('-----x').subscribe(() => expect(entries(redis)).toEqual(['1-1 y']));
      flush();
    });
  });

  it('copy the values, so that nobody changes an entry', () => {
    const redis = new MemoryPubSub();
    const data = Buffer.from('one');
    redis.xAdd('log', '5-1', { d: data });
    data.fill('x');
    const binary = redis.withTypeMapping({ 36: Buffer });
    const [entry] = binary.xRange('log', '-', '+') as { message: Record<string, Buffer> }[];
    entry!.message.d!.fill('x');
    expect(entries(redis)).toEqual(['5-1 one']);
  });

  it('refuse keys to all clients, and channels to one, but nothing to the test', () => {
    const redis = new MemoryPubSub();
    const other = redis.duplicate();
    other.forbiddenKeys.add('log');
    expect(() => append(redis, 'x')).toThrow(/^NOPERM .* keys/);
    expect(() => redis.xRange('log', '-', '+')).toThrow(/^NOPERM .* keys/);
    expect(redis.xAdd('log', '5-1', { d: 'one' })).toBe('5-1');
    other.forbiddenKeys.delete('log');
    other.forbidden.add('a');
    expect(() => append(other, 'x')).toThrow(/^NOPERM .* channels/);
    expect(append(redis, 'two')).toEqual(['5-2', 0]);
  });
});

describe('the commands of MemoryPubSub on logs', () => {
  it('take the time of an acknowledgement', () => {
    inVirtualTime(({ cold, flush }) => {
      const redis = new MemoryPubSub({ acknowledge: 2 });
      const { outcomes, note } = outcomesOf<unknown>();
      const counts: number[] = [];
      note(() => redis.xRange('log', '-', '+'));
      note(() => redis.xInfoStream('none'));
      cold('-a-b').subscribe((letter) => {
        if (letter === 'a') redis.xAdd('log', '5-1', { d: 'one' });
        counts.push(outcomes.length);
      });
      flush();
      expect(counts).toEqual([0, 2]);
      expect(outcomes).toEqual([[{ id: '5-1', message: { d: 'one' } }], 'ERR no such key']);
    });
  });

  it('wait while acknowledgements are withheld', () => {
    const redis = new MemoryPubSub();
    const { outcomes, note } = outcomesOf<unknown>();
    redis.withhold();
    note(() => append(redis, 'x', { known: [Number.MAX_SAFE_INTEGER - 1, 1] }));
    note(() => redis.xInfoStream('log'));
    expect(outcomes).toEqual([]);
    redis.acknowledgeNext();
    expect(outcomes).toEqual([[`${Number.MAX_SAFE_INTEGER}-1`, 0]]);
    redis.acknowledge();
    expect(outcomes[1]).toMatchObject({ length: 1 });
  });

  it('wait while the connection is lost, in order, and are executed before the client is ready', () => {
    const redis = new MemoryPubSub();
    const { outcomes, note } = outcomesOf<unknown>();
    redis.disconnect();
    redis.on('ready', () => outcomes.push('ready'));
    redis.xAdd('log', '5-1', { d: 'one' });
    note(() => append(redis, 'two'));
    note(() => redis.xInfoStream('none'));
    expect(outcomes).toEqual([]);
    expect(redis.reconnect()).toBe(true);
    expect(outcomes).toEqual([['5-2', 0], 'ERR no such key', 'ready']);
  });

  it('queue behind older ones at the moment when the client becomes ready', () => {
    const redis = new MemoryPubSub();
    const { outcomes, note } = outcomesOf<unknown>();
    void redis.subscribe('a', () => undefined);
    redis.xAdd('log', '5-1', { d: 'one' });
    redis.disconnect();
    redis.withhold();
    expect(redis.reconnect()).toBe(false);
    note(() => append(redis, 'two'));
    redis.on('ready', () => note(() => redis.xInfoStream('log')));
    redis.acknowledge();
    expect(outcomes).toEqual([['5-2', 1], expect.objectContaining({ length: 2 })]);
  });

  it('fail when the connection is lost, after they have been sent', async () => {
    const redis = new MemoryPubSub();
    redis.withhold();
    const reply = append(redis, 'x') as Promise<unknown>;
    redis.disconnect(new Error('lost'));
    await expect(reply).rejects.toThrow('lost');
  });

  it('fail when the client is closed or gives up, and while it is closed', () => {
    const redis = new MemoryPubSub();
    const { outcomes, note } = outcomesOf<unknown>();
    redis.disconnect();
    note(() => redis.xRange('log', '-', '+'));
    redis.destroy();
    note(() => redis.xRange('log', '-', '+'));
    expect(outcomes).toEqual(['Disconnects client', 'The client is closed']);
    const other = redis.duplicate();
    other.disconnect();
    note(() => other.xInfoStream('log'));
    other.giveUp(new Error('gone'));
    expect(outcomes[2]).toBe('gone');
  });

  it('throw the error of a listener, as publish() does', () => {
    const redis = new MemoryPubSub();
    void redis.subscribe('a', () => {
      throw new Error('of a listener');
    });
    expect(() => append(redis, 'x')).toThrow('of a listener');
    expect(entries(redis)).toHaveLength(1);
  });

  it('refuse bad input clearly', () => {
    const redis = new MemoryPubSub();
    const loose = redis as unknown as Record<string, (...args: unknown[]) => unknown>;
    const script = (keys: unknown[], args: unknown[]) => () =>
      loose.eval!(APPEND_SCRIPT, { keys, arguments: args });
    const args = ['PUBLISH', 'a', 'x', 'n', '1', '0', '0', '0'];
    expect(() => loose.eval!('return 1', { keys: [], arguments: [] })).toThrow(
      clear(/the script to be the one of a recoverable publisher, got "return 1".*real Redis/),
    );
    expect(script([], args)).toThrow(clear(/keys of the script to be 1, got 0/));
    expect(script([1], args)).toThrow(clear(/the key to be a string, got 1/));
    expect(script(['log'], args.slice(1))).toThrow(clear(/arguments of the script to be 8, got 7/));
    expect(script(['log'], ['GET', ...args.slice(1)])).toThrow(clear(/'PUBLISH' or 'SPUBLISH', got "GET"/));
    expect(script(['log'], [...args.slice(1), 1])).toThrow(clear(/a string or a Buffer, got 1/));
    expect(() => loose.xRange!('log', 1, '+')).toThrow(clear(/id of an entry to be a string, got 1/));
    for (const COUNT of [0, -1, 1.5, '1'])
      expect(() => loose.xRange!('log', '-', '+', { COUNT })).toThrow(
        clear(/COUNT to be a positive integer/),
      );
    expect(() => loose.xInfoStream!(undefined)).toThrow(clear(/the key to be a string, got undefined/));
    expect(() => loose.xAdd!('log', '1-1', {})).toThrow(clear(/an object with fields/));
    expect(() => loose.xAdd!('log', '1-1', { a: 1 })).toThrow(clear(/a string or a Buffer, got 1/));
    expect(() => loose.xAdd!('log', 1, { a: '' })).toThrow(clear(/id of an entry to be a string, got 1/));
    expect(() => loose.xTrim!('log', 'MINID', 1)).toThrow(clear(/to be 'MAXLEN', got "MINID"/));
    expect(() => loose.xTrim!('log', 'MAXLEN', -1)).toThrow(clear(/an integer of at least 0, got -1/));
    expect(() => loose.xDel!('log', [1])).toThrow(clear(/id of an entry to be a string, got 1/));
    expect(() => loose.del!([1])).toThrow(clear(/the key to be a string, got 1/));
    expect(() => loose.set!(1, '')).toThrow(clear(/the key to be a string, got 1/));
    for (const mapping of [undefined, {}, { 36: String }])
      expect(() => loose.withTypeMapping!(mapping)).toThrow(clear(/the type mapping to be \{ 36: Buffer \}/));
  });
});
