import {
  concatMap,
  EMPTY,
  map,
  NEVER,
  of,
  retry,
  Subject,
  take,
  takeUntil,
  throwError,
  toArray,
  type Observable,
} from 'rxjs';
import { hydrate, type Hydrated } from '../../lib/operators/hydrate.js';
import { BufferOverflowError, DecodeError, Receiver } from '../../lib/index.js';
import { marbles, MemoryPubSub, type Marbles } from '../../lib/testing/index.js';
import { assertEqual } from '../support/assert-equal.js';

/** Maps a snapshot to itself, and a message to its data. */
const shown = map((part: Hydrated<string, string>) =>
  part.kind === 'snapshot' ? part.snapshot : part.message.data,
);

/** Returns cold Observables of these diagrams, and a function that returns one of them at each call. */
function snapshotsOf({ cold }: Marbles, ...diagrams: string[]) {
  const all = diagrams.map((diagram) => cold(diagram));
  const left = [...all];
  return { all, take: (): Observable<string> => left.shift() ?? NEVER };
}

describe('hydrate()', () => {
  it('requests the snapshot once Redis has acknowledged, and then emits the messages that arrived meanwhile', () => {
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

  it('requests the snapshot at once if Redis has acknowledged before', () => {
    marbles((helpers) => {
      const { receiver, publish, expectObservable } = helpers;
      const { take } = snapshotsOf(helpers, '--S');
      receiver.channel('a').subscribe();
      publish('a', '    -a----b');
      const expected = '--(Sa)b';
      expectObservable(hydrate(receiver.channel('a'), take).pipe(shown)).toBe(expected);
    });
  });

  it('waits for every Channel of a Receiver, and keeps earlier messages', () => {
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

  it('requests a new snapshot after every gap', () => {
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

  it('starts again after a gap, and drops the old snapshot and the messages before the gap', () => {
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

  it('fails with the snapshot, and starts again with retry()', () => {
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

  it('fails with a snapshot that throws at once or returns nothing', () => {
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

  it('takes the first value of the snapshot, without waiting for its end', () => {
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

  it('completes with its source, after a pending snapshot', () => {
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

  it('unsubscribes everything when its observer unsubscribes', () => {
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
    const received: string[] = [];
    hydrate(receiver.channel('a'), () => {
      client.publish('a', '1');
      client.publish('a', '2');
      return ['S'];
    })
      .pipe(shown)
      .subscribe((data) => {
        received.push(data);
        if (data === '1') client.publish('a', '3');
      });
    client.publish('a', '4');
    expect(received).toEqual(['S', '1', '2', '3', '4']);
  });

  it('ignores the overflow gaps of a queue that its Channel does not use', async () => {
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

  it('does not wait for a Channel that closes before Redis has acknowledged it', () => {
    marbles((helpers) => {
      const { redis: client, receiver, at, publish, expectObservable, expectSubscriptions } = helpers;
      const { all, take } = snapshotsOf(helpers, '-S');
      receiver.channel('a');
      const pattern = receiver.pattern('b*');
      client.withhold();
      at('                  --x', () => client.acknowledgeNext());
      at('                  ----x', () => void pattern.close());
      publish('a', '        ---a-----b');
      const expected = '    -----(Sa)b';
      const subscription = '----^!';
      expectObservable(hydrate(receiver, take).pipe(shown)).toBe(expected);
      expectSubscriptions(all[0]!.subscriptions).toBe(subscription);
    });
  });

  it.each(['the Channel', 'the Receiver'])('waits for %s whose UNSUBSCRIBE is in flight', (name) => {
    marbles((helpers) => {
      const { redis: client, receiver, at, publish, commands, expectObservable } = helpers;
      const { take } = snapshotsOf(helpers, '-S');
      const channel = receiver.channel('a', { keep: true });
      const live = name === 'the Channel' ? channel : receiver;
      expectObservable(channel, '             ^!').toBe('--');
      at('                  x', () => client.withhold());
      expectObservable(hydrate(live, take).pipe(shown), '---^').toBe('------(Sa)b');
      at('                  -----x', () => client.acknowledge());
      publish('a', '        -----a----b');
      expectObservable(commands).toBe('su---s', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
    });
  });

  describe('requests a new snapshot for a Channel that is registered later', () => {
    it('once Redis has acknowledged it', () => {
      marbles(
        (helpers) => {
          const { receiver, at, publish, expectObservable, expectSubscriptions } = helpers;
          const { all, take } = snapshotsOf(helpers, '-S', '--T');
          receiver.channel('a');
          at('              -----x', () => receiver.channel('b'));
          publish('a', '    ----a-b-c-----d');
          publish('b', '    ------x-y------e');
          const expected = '---Sa-b--(Tcy)de';
          expectObservable(hydrate(receiver, take).pipe(shown)).toBe(expected);
          expectSubscriptions(all[0]!.subscriptions).toBe('--^!');
          expectSubscriptions(all[1]!.subscriptions).toBe('-------^-!');
        },
        { acknowledge: 2 },
      );
    });

    it('once for several of them, and not before the last one is acknowledged or closed', () => {
      marbles((helpers) => {
        const { redis: client, receiver, at, publish, expectObservable, expectSubscriptions } = helpers;
        const { all, take } = snapshotsOf(helpers, 'S', 'T', 'U');
        receiver.channel('a');
        at('          -x', () => {
          client.withhold();
          receiver.channel('b');
          receiver.pattern('c*');
          receiver.shard('d');
        });
        at('          --x', () => client.acknowledgeNext());
        at('          ----x', () => client.acknowledgeNext());
        at('          ------x', () => void receiver.shard('d').close());
        publish('a', '---a------b');
        expectObservable(hydrate(receiver, take).pipe(shown)).toBe('S-----(Ta)b');
        expectSubscriptions(all[1]!.subscriptions).toBe('------(^!)');
        expectSubscriptions(all[2]!.subscriptions).toBe([]);
      });
    });

    it('even while another snapshot is pending', () => {
      marbles((helpers) => {
        const { receiver, at, expectObservable, expectSubscriptions } = helpers;
        const { all, take } = snapshotsOf(helpers, '----S', '--T');
        receiver.channel('a');
        at('--x', () => receiver.channel('b'));
        expectObservable(hydrate(receiver, take).pipe(shown)).toBe('----T');
        expectSubscriptions(all[0]!.subscriptions).toBe('^-!');
        expectSubscriptions(all[1]!.subscriptions).toBe('--^-!');
      });
    });

    it('but not if it hydrates another Channel, or the later Channel is refused', () => {
      marbles((helpers) => {
        const { redis: client, receiver, at, expectObservable } = helpers;
        const { take } = snapshotsOf(helpers, 'S', 'T');
        client.forbidden.add('c');
        const channel = receiver.channel('a');
        receiver.channel('a').subscribe();
        at('-x', () => receiver.channel('b').subscribe());
        at('--x', () => receiver.channel('c').subscribe({ error: () => undefined }));
        expectObservable(hydrate(channel, take).pipe(shown)).toBe('S');
      });
    });

    it('and does not wait for one that Redis has refused', async () => {
      const client = new MemoryPubSub();
      const receiver = new Receiver(client);
      client.forbidden.add('b');
      receiver.channel('a');
      receiver.channel('b');
      await expect(receiver.connect()).rejects.toThrow('NOPERM');
      const received: string[] = [];
      hydrate(receiver, () => of('S'))
        .pipe(shown)
        .subscribe((data) => received.push(data));
      client.publish('a', '1');
      expect(received).toEqual(['S', '1']);
    });
  });

  describe('its consumer', () => {
    /** Simulates an outage. */
    const gap = (client: MemoryPubSub) => {
      client.disconnect();
      client.reconnect();
    };

    it('gets the newest snapshot last if a gap begins inside its handler of another', () => {
      const client = new MemoryPubSub();
      const snapshots = [of('S'), new Subject<string>(), new Subject<string>()] as const;
      let taken = 0;
      const received: string[] = [];
      hydrate(new Receiver(client).channel('a'), () => snapshots[taken++]!)
        .pipe(shown)
        .subscribe((data) => {
          received.push(data);
          if (data === 'S') gap(client);
        });
      gap(client);
      expect(snapshots[1].observed).toBe(false);
      snapshots[2].next('newest');
      snapshots[1].next('older');
      expect(received).toEqual(['S', 'newest']);
    });

    it.each(['S', '1', '2'])('finishes its handler of %s before it gets the snapshot after a gap', (when) => {
      const client = new MemoryPubSub();
      const channel = new Receiver(client).channel('a');
      const snapshots = ['S', 'T'];
      const done: string[] = [];
      const publish = (...all: string[]) => all.forEach((data) => client.publish('a', data));
      hydrate(channel, () => {
        if (snapshots.length === 2) publish('1');
        return [snapshots.shift()!];
      })
        .pipe(shown)
        .subscribe((data) => {
          if (data === when) {
            gap(client);
            publish(`behind ${when}`);
          }
          done.push(data);
        });
      publish('2');
      const all = ['S', '1', '2'];
      const before = all.slice(0, all.indexOf(when) + 1);
      const after = when === '2' ? [] : ['2'];
      expect(done).toEqual([...before, 'T', `behind ${when}`, ...after]);
    });

    it('gets the kept messages if it closes the Channel inside its handler of the snapshot', () => {
      const client = new MemoryPubSub();
      const channel = new Receiver(client).channel('a');
      const received: string[] = [];
      hydrate(channel, () => {
        client.publish('a', '1');
        return ['S'];
      })
        .pipe(shown)
        .subscribe({
          next: (data) => {
            if (data === 'S') void channel.close();
            received.push(data);
          },
          complete: () => received.push('|'),
        });
      expect(received).toEqual(['S', '1', '|']);
    });

    it('gets nothing more, and leaves no subscription, if it unsubscribes inside its handler of the snapshot', () => {
      marbles(({ redis: client, receiver, commands, expectObservable }) => {
        const channel = receiver.channel('a');
        const once = hydrate(channel, () => {
          client.publish('a', '1');
          return of('S');
        }).pipe(shown, take(1));
        expectObservable(once).toBe('(S|)');
        expectObservable(commands).toBe('(su)', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
      });
    });

    it('may cause a gap, close the Channel or unsubscribe while the snapshot is requested', () => {
      const client = new MemoryPubSub();
      const receiver = new Receiver(client, { autoStop: false });
      const received: string[] = [];
      const observer = {
        next: (data: string) => received.push(data),
        error: () => received.push('#'),
        complete: () => received.push('|'),
      };

      let taken = 0;
      const inGap = hydrate(receiver.channel('a'), () => {
        if (++taken > 1) return of('newer');
        gap(client);
        throw new Error('thrown by a snapshot that is requested again');
      });
      inGap.pipe(shown).subscribe(observer);
      expect(received.splice(0)).toEqual(['newer']);

      const closing = receiver.channel('b');
      const inClose = hydrate(closing, () => {
        void closing.close();
        return of('S');
      });
      inClose.pipe(shown).subscribe(observer);
      expect(received.splice(0)).toEqual(['S', '|']);

      const end = new Subject<void>();
      const left = hydrate(receiver.channel('c'), () => {
        end.next();
        return of('S');
      });
      left.pipe(shown, takeUntil(end)).subscribe(observer);
      expect(received).toEqual(['|']);
    });

    it('gets the snapshot of all Channels if one is registered inside its handler', () => {
      const client = new MemoryPubSub();
      const receiver = new Receiver(client);
      receiver.channel('a');
      const done: string[] = [];
      let taken = 0;
      hydrate(receiver, () => of(`S${++taken}`))
        .pipe(shown)
        .subscribe((data) => {
          if (data === 'S1') receiver.channel('b');
          done.push(data);
        });
      client.publish('b', '1');
      expect(done).toEqual(['S1', 'S2', '1']);
    });
  });

  it('may apply updates asynchronously', () => {
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

  it('refuses a snapshot that is not a function, and invalid bounds', () => {
    const channel = new Receiver(new MemoryPubSub()).channel('a');
    expect(() => hydrate(channel, of(1) as never)).toThrow(/the snapshot to be a function/);
    expect(() => hydrate(channel, () => of(1), { capacity: 0 })).toThrow(/capacity/);
    expect(() => hydrate(channel, () => of(1), { capacity: Infinity }).pipe(toArray())).not.toThrow();
  });
});
