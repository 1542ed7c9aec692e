import { concatMap, EMPTY, map, NEVER, of, retry, throwError, toArray, type Observable } from 'rxjs';
import { hydrate, type Hydrated } from '../lib/operators/hydrate.js';
import { BufferOverflowError, DecodeError, Receiver } from '../lib/index.js';
import { marbles, MemoryPubSub, type Marbles } from '../lib/testing/index.js';
import { assertEqual } from './support/assert-equal.js';

/** Shows a snapshot as it is, and a message by its data. */
const shown = map((part: Hydrated<string, string>) =>
  part.kind === 'snapshot' ? part.snapshot : part.message.data,
);

/** Takes the snapshots of these diagrams, one after another. */
function snapshotsOf({ cold }: Marbles, ...diagrams: string[]) {
  const all = diagrams.map((diagram) => cold(diagram));
  const left = [...all];
  return { all, take: (): Observable<string> => left.shift() ?? NEVER };
}

describe('hydrate()', () => {
  it('takes the snapshot once Redis has acknowledged, and what came meanwhile follows it', () => {
    marbles((helpers) => {
      const { redis: client, receiver, at, publish, expectObservable, expectSubscriptions } = helpers;
      const { all, take } = snapshotsOf(helpers, '---S|');
      client.withhold();
      at('                    ---x', () => client.acknowledge());
      publish('a', '          -z--ab-----c');
      const expected = '      ------(Sab)c';
      const subscription = '  ---^--!';
      expectObservable(hydrate(receiver.channel('a'), take).pipe(shown)).toBe(expected);
      expectSubscriptions(all[0]!.subscriptions).toBe(subscription);
    });
  });

  it('takes it at once where Redis has acknowledged before', () => {
    marbles((helpers) => {
      const { receiver, publish, expectObservable } = helpers;
      const { take } = snapshotsOf(helpers, '--S');
      receiver.channel('a').subscribe();
      publish('a', '    -a----b');
      const expected = '--(Sa)b';
      expectObservable(hydrate(receiver.channel('a'), take).pipe(shown)).toBe(expected);
    });
  });

  it('waits for every Channel of a Receiver, and keeps what comes through some of them before', () => {
    marbles((helpers) => {
      const { redis: client, receiver, at, publish, expectObservable, expectSubscriptions } = helpers;
      const { all, take } = snapshotsOf(helpers, '--S');
      receiver.channel('a').subscribe();
      receiver.pattern('b*');
      client.withhold();
      at('                  ---x', () => client.acknowledge());
      publish('a', '        -a--------c');
      publish('b', '        ----b');
      const expected = '    -----(Sab)c';
      const subscription = '---^-!';
      expectObservable(hydrate(receiver, take).pipe(shown)).toBe(expected);
      expectSubscriptions(all[0]!.subscriptions).toBe(subscription);
    });
  });

  it('does so again after every gap', () => {
    marbles((helpers) => {
      const { redis: client, receiver, at, publish, expectObservable, expectSubscriptions } = helpers;
      const { all, take } = snapshotsOf(helpers, 'S', '---T');
      publish('a', '        -a---b-----c');
      at('                  --x', () => client.disconnect());
      at('                  ----x', () => client.reconnect());
      const expected = '    Sa-----(Tb)c';
      const subscription = '----^--!';
      expectObservable(hydrate(receiver.channel('a'), take).pipe(shown)).toBe(expected);
      expectSubscriptions(all[1]!.subscriptions).toBe(subscription);
    });
  });

  it('starts afresh when a gap comes meanwhile: the old snapshot, and what came before the gap, are dropped', () => {
    marbles((helpers) => {
      const { redis: client, receiver, at, publish, expectObservable, expectSubscriptions } = helpers;
      const { all, take } = snapshotsOf(helpers, '-----S', '--T');
      publish('a', '  -a--b');
      at('            --x', () => client.disconnect());
      at('            ---x', () => client.reconnect());
      const expected = '-----(Tb)';
      const first = '   ^--!';
      const second = '  ---^-!';
      expectObservable(hydrate(receiver.channel('a'), take).pipe(shown)).toBe(expected);
      expectSubscriptions(all[0]!.subscriptions).toBe(first);
      expectSubscriptions(all[1]!.subscriptions).toBe(second);
    });
  });

  it('fails with the snapshot, and begins anew with retry()', () => {
    marbles((helpers) => {
      const { receiver, publish, commands, expectObservable } = helpers;
      const { take } = snapshotsOf(helpers, '--#', '-T');
      publish('a', '    -a-----b');
      const expected = '---T---b';
      const sent = '    s-------';
      expectObservable(hydrate(receiver.channel('a'), take).pipe(retry(1), shown)).toBe(expected);
      expectObservable(commands).toBe(sent, { s: 'SUBSCRIBE a' });
    });
  });

  it('fails with a snapshot that throws at once, or gives nothing', () => {
    marbles(
      ({ receiver, expectObservable }) => {
        const channel = receiver.channel('a');
        const thrown = new Error('thrown');
        const throwing = () => {
          throw thrown;
        };
        expectObservable(hydrate(channel, throwing)).toBe('#', undefined, thrown);
        expectObservable(hydrate(channel, () => throwError(() => thrown))).toBe('#', undefined, thrown);
        expectObservable(hydrate(channel, () => EMPTY)).toBe(
          '#',
          undefined,
          expect.objectContaining({ name: 'EmptyError' }),
        );
      },
      { assertEqual },
    );
  });

  it('takes the first value of what it is given, and waits for no end', () => {
    marbles(({ receiver, publish, expectObservable, cold }) => {
      const endless = cold('-S-T-U');
      publish('a', '        ---a-');
      expectObservable(hydrate(receiver.channel('a'), () => endless).pipe(shown), '^----!').toBe('-S-a-');
    });
  });

  it.each([
    ['error', '---(Sa#)'],
    ['drop-oldest', '---(Sb)'],
    ['drop-incoming', '---(Sa)'],
  ] as const)('keeps no more than its bounds allow, with %s', (overflow, expected) => {
    marbles((helpers) => {
      const { receiver, publish, expectObservable } = helpers;
      const { take } = snapshotsOf(helpers, '---S');
      publish('a', '-ab');
      const lost = new BufferOverflowError({ dropped: 1, bound: 'capacity', limit: 1 });
      const hydrated = hydrate(receiver.channel('a'), take, { capacity: 1, overflow });
      expectObservable(hydrated.pipe(shown)).toBe(expected, undefined, lost);
    });
  });

  it('completes with its source, behind a snapshot that is on its way', () => {
    marbles(
      (helpers) => {
        const { redis: client, receiver, at, publish, expectObservable } = helpers;
        const { take } = snapshotsOf(helpers, '----S', 'S');
        publish('a', '    -a');
        at('              --x', () => void receiver.channel('a').close());
        const behind = '  ----(Sa|)';
        const live = '    Sa|';
        expectObservable(hydrate(receiver.channel('a'), take).pipe(shown)).toBe(behind);
        expectObservable(hydrate(receiver.channel('a'), take).pipe(shown)).toBe(live);
        const other = receiver.channel('b');
        at('              ---x', () => client.withhold());
        at('              -----x', () => void other.close());
        const waiting = ' ----^';
        expectObservable(hydrate(other, take).pipe(shown), waiting).toBe('-----|');
      },
      { autoStop: false },
    );
  });

  it('fails with its source', () => {
    const codec = {
      encode: String,
      decode: () => {
        throw new Error('no');
      },
    };
    marbles(
      ({ receiver, publish, expectObservable }) => {
        publish('a', '-a');
        expectObservable(hydrate(receiver.channel('a'), () => of('S')).pipe(shown)).toBe(
          'S#',
          undefined,
          expect.any(DecodeError),
        );
      },
      { codec, assertEqual },
    );
  });

  it('lets go of everything when it is left', () => {
    marbles((helpers) => {
      const { receiver, commands, expectObservable, expectSubscriptions } = helpers;
      const { all, take } = snapshotsOf(helpers, '----S');
      expectObservable(hydrate(receiver.channel('a'), take), '-^-!').toBe('----');
      expectObservable(commands).toBe('-s-u', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
      expectSubscriptions(all[0]!.subscriptions).toBe('-^-!');
    });
  });

  it('keeps the order when its consumer publishes while it replays', () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client);
    const heard: string[] = [];
    hydrate(receiver.channel('a'), () => {
      client.publish('a', '1');
      client.publish('a', '2');
      return ['S'];
    })
      .pipe(shown)
      .subscribe((data) => {
        heard.push(data);
        if (data === '1') client.publish('a', '3');
      });
    client.publish('a', '4');
    expect(heard).toEqual(['S', '1', '2', '3', '4']);
  });

  it('is not disturbed by the gaps of a queue that its Channel does not stand behind', async () => {
    const client = new MemoryPubSub();
    const receiver = new Receiver(client, { capacity: 2, overflow: 'drop-oldest' });
    const channel = receiver.channel('a');
    await receiver.connect();
    const ofChannel: string[] = [];
    const ofReceiver: string[] = [];
    hydrate(channel, () => of('S'))
      .pipe(shown)
      .subscribe((data) => ofChannel.push(data));
    for (const data of ['1', '2', '3']) client.publish('a', data);
    hydrate(receiver, () => of('S'))
      .pipe(shown)
      .subscribe((data) => ofReceiver.push(data));
    client.publish('a', '4');
    expect(ofChannel).toEqual(['S', '1', '2', '3', '4']);
    expect(ofReceiver).toEqual(['S', '2', '3', '4']);
  });

  it('is there for whoever applies an update asynchronously', () => {
    marbles((helpers) => {
      const { receiver, publish, cold, expectObservable } = helpers;
      publish('a', '-(ab)');
      const slow = (letter: string) => cold('--l|', { l: letter });
      const hydrated = hydrate(receiver.channel('a'), () => of('S')).pipe(shown, concatMap(slow));
      expectObservable(hydrated).toBe('--S--a--b');
    });
  });

  it.each([null, {}, of(1), 5])('refuses the source %p', (live) => {
    expect(() => hydrate(live as never, () => of(1))).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringContaining('a Channel or a Receiver'),
      }),
    );
  });

  it('refuses a snapshot that is no function, and bounds that are none', () => {
    const channel = new Receiver(new MemoryPubSub()).channel('a');
    expect(() => hydrate(channel, of(1) as never)).toThrow(/the snapshot to be a function/);
    expect(() => hydrate(channel, () => of(1), { capacity: 0 })).toThrow(/capacity/);
    expect(() => hydrate(channel, () => of(1), { capacity: Infinity }).pipe(toArray())).not.toThrow();
  });
});
