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

  it.each(['the Channel', 'the Receiver'])('waits for %s whose UNSUBSCRIBE is on its way', (which) => {
    marbles((helpers) => {
      const { redis: client, receiver, at, publish, commands, expectObservable } = helpers;
      const { take } = snapshotsOf(helpers, '-S');
      const channel = receiver.channel('a', { keep: true });
      const live = which === 'the Channel' ? channel : receiver;
      expectObservable(channel, '             ^!').toBe('--');
      at('                  x', () => client.withhold());
      expectObservable(hydrate(live, take).pipe(shown), '---^').toBe('------(Sa)b');
      at('                  -----x', () => client.acknowledge());
      publish('a', '        -----a----b');
      expectObservable(commands).toBe('su---s', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
    });
  });

  describe('takes a new snapshot for a Channel that is registered later', () => {
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

    it('also where another one is being taken', () => {
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

    it('but not for one that hydrates another Channel, or was refused', () => {
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

    it('and waits for none that Redis refused before', async () => {
      const client = new MemoryPubSub();
      const receiver = new Receiver(client);
      client.forbidden.add('b');
      receiver.channel('a');
      receiver.channel('b');
      await expect(receiver.connect()).rejects.toThrow('NOPERM');
      const heard: string[] = [];
      hydrate(receiver, () => of('S'))
        .pipe(shown)
        .subscribe((data) => heard.push(data));
      client.publish('a', '1');
      expect(heard).toEqual(['S', '1']);
    });
  });

  describe('its consumer', () => {
    /** Loses the connection and gets it back. */
    const gap = (client: MemoryPubSub) => {
      client.disconnect();
      client.reconnect();
    };

    it('gets the newest snapshot last where a gap comes inside its handler of one', () => {
      const client = new MemoryPubSub();
      const snapshots = [of('S'), new Subject<string>(), new Subject<string>()] as const;
      let taken = 0;
      const heard: string[] = [];
      hydrate(new Receiver(client).channel('a'), () => snapshots[taken++]!)
        .pipe(shown)
        .subscribe((data) => {
          heard.push(data);
          if (data === 'S') gap(client);
        });
      gap(client);
      expect(snapshots[1].observed).toBe(false);
      snapshots[2].next('newest');
      snapshots[1].next('older');
      expect(heard).toEqual(['S', 'newest']);
    });

    it.each(['S', '1', '2'])('is done with %s before it gets the snapshot behind a gap', (when) => {
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

    it('gets what was kept where it closes the Channel inside its handler of the snapshot', () => {
      const client = new MemoryPubSub();
      const channel = new Receiver(client).channel('a');
      const heard: string[] = [];
      hydrate(channel, () => {
        client.publish('a', '1');
        return ['S'];
      })
        .pipe(shown)
        .subscribe({
          next: (data) => {
            if (data === 'S') void channel.close();
            heard.push(data);
          },
          complete: () => heard.push('|'),
        });
      expect(heard).toEqual(['S', '1', '|']);
    });

    it('gets nothing more, and leaves nothing, where it unsubscribes inside its handler of the snapshot', () => {
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

    it('may meet a gap, close or leave while it takes the snapshot', () => {
      const client = new MemoryPubSub();
      const receiver = new Receiver(client, { autoStop: false });
      const heard: string[] = [];
      const hear = {
        next: (data: string) => heard.push(data),
        error: () => heard.push('#'),
        complete: () => heard.push('|'),
      };

      let taken = 0;
      const inGap = hydrate(receiver.channel('a'), () => {
        if (++taken > 1) return of('newer');
        gap(client);
        throw new Error('of a snapshot that is taken afresh');
      });
      inGap.pipe(shown).subscribe(hear);
      expect(heard.splice(0)).toEqual(['newer']);

      const closing = receiver.channel('b');
      const inClose = hydrate(closing, () => {
        void closing.close();
        return of('S');
      });
      inClose.pipe(shown).subscribe(hear);
      expect(heard.splice(0)).toEqual(['S', '|']);

      const end = new Subject<void>();
      const left = hydrate(receiver.channel('c'), () => {
        end.next();
        return of('S');
      });
      left.pipe(shown, takeUntil(end)).subscribe(hear);
      expect(heard).toEqual(['|']);
    });

    it('takes the snapshot for Channels of which one is registered inside its handler', () => {
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
