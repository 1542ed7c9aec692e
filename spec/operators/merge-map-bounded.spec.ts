import {
  EMPTY,
  filter,
  finalize,
  from,
  lastValueFrom,
  merge,
  mergeMap,
  NEVER,
  Observable,
  of,
  Subject,
  take,
  takeUntil,
  tap,
  toArray,
} from 'rxjs';
import type { ObservableInput, OperatorFunction } from 'rxjs';
import { BufferOverflowError } from '../../lib/errors/errors.js';
import { mergeMapBounded, type MergeMapBoundedOptions } from '../../lib/operators/merge-map-bounded.js';
import { marbles } from '../../lib/testing/index.js';
import { PacedSource } from '../support/paced-source.js';

type Project<T, R> = (value: T, index: number) => ObservableInput<R>;

const UNBOUNDED = { capacity: Infinity, maxBytes: Infinity };
const MANY = 100_000;

/** Subscribes; returns all values, followed by 'complete' or the error. */
function collect<T>(source: Observable<T>): unknown[] {
  const list: unknown[] = [];
  source.subscribe({
    next: (value) => list.push(value),
    error: (error) => list.push(error),
    complete: () => list.push('complete'),
  });
  return list;
}

const forms: [string, <T, R>(project: Project<T, R>, concurrent: number) => OperatorFunction<T, R>][] = [
  ['mergeMap', (project, concurrent) => mergeMap(project, concurrent)],
  ['mergeMapBounded', (project, concurrent) => mergeMapBounded(project, { concurrent })],
  [
    'mergeMapBounded with unique keys',
    (project, concurrent) => mergeMapBounded(project, { concurrent, key: () => Symbol() }),
  ],
];

describe.each(forms)('within its bounds: %s', (_, form) => {
  it('runs one inner stream at a time if `concurrent` is 1, in the order of the source', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-b-|      ');
      const sourceSubs = '^----!      ';
      const a = cold('     x----y|    ');
      const aSubs = '     -^-----!    ';
      const b = cold('           x--y|');
      const bSubs = '     -------^---!';
      const expected = '  -x----yx--y|';
      const inner = { a, b };

      const result = source.pipe(form((name) => inner[name as 'a' | 'b'], 1));
      expectObservable(result).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
    });
  });

  it('runs at most `concurrent` inner streams', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-abc----|  ');
      const sourceSubs = '^-------!  ';
      const a = cold('     1---1|    ');
      const aSubs = '     -^----!    ';
      const b = cold('      2----2|  ');
      const bSubs = '     --^-----!  ';
      const c = cold('          3--3|');
      const cSubs = '     ------^---!';
      const expected = '  -12--132-3|';
      const inner = { a, b, c };

      expectObservable(source.pipe(form((name) => inner[name as 'a' | 'b' | 'c'], 2))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
      expectSubscriptions(c.subscriptions).toBe(cSubs);
    });
  });

  it('makes no value wait if `concurrent` is Infinity', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot(' -aaa-|    ');
      const inner = cold('  x----y|  ');
      const innerSubs = [' -^-----!  ', '--^-----! ', '---^-----!'];
      const expected = '   -xxx--yyy|';

      expectObservable(source.pipe(form(() => inner, Infinity))).toBe(expected);
      expectSubscriptions(inner.subscriptions).toBe(innerSubs.map((subs) => subs.trim()));
    });
  });

  it('completes with the source if no inner stream runs', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-----|');
      const subs = '      ^------!';
      const inner = cold(' x-|    ');
      const expected = '  -x-----|';

      expectObservable(source.pipe(form(() => inner, 1))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('does not complete while an inner stream runs', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-|    ');
      const subs = '      ^--!    ';
      const expected = '  --------';

      expectObservable(source.pipe(form(() => NEVER, 1))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('passes on an error of the source at once, and unsubscribes the inner streams', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-aa-#    ');
      const subs = '      ^---!    ';
      const inner = cold(' x-----x|');
      const innerSubs = ' -^--!    ';
      const expected = '  -x--#    ';

      expectObservable(source.pipe(form(() => inner, 1))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
      expectSubscriptions(inner.subscriptions).toBe(innerSubs);
    });
  });

  it('passes on an error of an inner stream at once, and unsubscribes everything else', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-ab-a-----|');
      const subs = '      ^----!     ';
      const a = cold('     x------x| ');
      const aSubs = '     -^---!     ';
      const b = cold('      ---#     ');
      const bSubs = '     --^--!     ';
      const expected = '  -x---#     ';
      const inner = { a, b };

      expectObservable(source.pipe(form((name) => inner[name as 'a' | 'b'], 2))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
    });
  });

  it('unsubscribes all inner streams when it is unsubscribed, and starts no other', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-b-----|');
      const sourceSubs = '^----!    ';
      const inner = cold(' x--x---x|');
      const innerSubs = ' -^---!    ';
      const unsub = '     -----!    ';
      const expected = '  -x--x-    ';

      expectObservable(source.pipe(form(() => inner, 1)), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(inner.subscriptions).toBe(innerSubs);
    });
  });

  it.each([
    ['at once', [1, 2]],
    ['later', [1, 1]],
  ])('ends with an error that `project` throws %s', (_when, [concurrent = 1]) => {
    const error = new Error('thrown by project');
    const source = new Subject<number>();
    const first = new Subject<string>();
    const list = collect(
      source.pipe(
        form((value) => {
          if (value === 0) return first;
          throw error;
        }, concurrent),
      ),
    );
    source.next(0);
    source.next(1);
    first.complete();
    expect(list).toEqual([error]);
    expect(source.observed).toBe(false);
  });

  it('ends with a TypeError if `project` returns no ObservableInput', () => {
    const [error] = collect(of(1).pipe(form(() => undefined as unknown as Observable<never>, 1)));
    expect(error).toBeInstanceOf(TypeError);
  });

  it('passes an index to `project`', () => {
    const list = collect(of('a', 'b', 'c').pipe(form((value, index) => [`${value}${String(index)}`], 1)));
    expect(list).toEqual(['a0', 'b1', 'c2', 'complete']);
  });

  it('accepts promises and iterables', async () => {
    const source = of(1, 2, 3);
    const promises: number[] = [];
    await source
      .pipe(form((value) => Promise.resolve(value * 2), 1))
      .forEach((value) => promises.push(value));
    expect(promises).toEqual([2, 4, 6]);
    expect(collect(source.pipe(form((value) => new Set([value, -value]), 1)))).toEqual([
      1,
      -1,
      2,
      -2,
      3,
      -3,
      'complete',
    ]);
  });

  it('stops a source and an inner stream that emit synchronously without end', () => {
    const endless = new Observable<number>((subscriber) => {
      for (let i = 0; !subscriber.closed; i++) subscriber.next(i);
    });
    expect(
      collect(
        endless.pipe(
          form((value) => [value], 1),
          take(3),
        ),
      ),
    ).toEqual([0, 1, 2, 'complete']);
    expect(
      collect(
        of('a').pipe(
          form(() => endless, 1),
          take(3),
        ),
      ),
    ).toEqual([0, 1, 2, 'complete']);
  });

  it('handles a source that emits inside the consumer', () => {
    const source = new Subject<number>();
    const list: unknown[] = [];
    source.pipe(form((value) => [value, -value], 2)).subscribe((value) => {
      list.push(value);
      if (value > 0 && value < 4) {
        source.next(value * 2);
        source.next(value * 2 + 1);
      }
    });
    source.next(1);
    // The second slot is free for 2, inside 1; the value that 2 makes the source emit has to wait.
    expect(list).toEqual([1, 2, -2, 4, -4, 5, -5, 3, -3, 6, -6, 7, -7, -1]);
  });

  it('handles a source that emits inside `project`', () => {
    const source = new Subject<number>();
    const list = collect(
      source.pipe(
        form((value, index) => {
          if (value < 3) source.next(value + 1);
          return [[value, index]];
        }, 1),
      ),
    );
    source.next(0);
    source.complete();
    expect(list).toEqual([[0, 0], [1, 1], [2, 2], [3, 3], 'complete']);
  });
});

describe('mergeMapBounded', () => {
  const byName =
    <T>(streams: Record<string, Observable<T>>) =>
    (name: string): Observable<T> =>
      streams[name] ?? EMPTY;

  it('matches the diagram in its documentation', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-abc------d-----|');
      const sourceSubs = '^---------------!';
      const a = cold('     a---|           ');
      const aSubs = '     -^---!           ';
      const b = cold('      b---|          ');
      const bSubs: string[] = [];
      const c = cold('         c---|       ');
      const cSubs = '     -----^---!       ';
      const d = cold('              d---|  ');
      const dSubs = '     ----------^---!  ';
      const expected = '  -a---c----d-----|';
      const project = byName({ a, b, c, d });

      const result = source.pipe(mergeMapBounded(project, { capacity: 1, overflow: 'drop-oldest' }));
      expectObservable(result).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
      expectSubscriptions(c.subscriptions).toBe(cSubs);
      expectSubscriptions(d.subscriptions).toBe(dSubs);
    });
  });

  it("refuses new values with 'drop-incoming'", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-abc------d-----|');
      const sourceSubs = '^---------------!';
      const b = cold('         b---|       ');
      const bSubs = '     -----^---!       ';
      const c = cold('         c---|       ');
      const cSubs: string[] = [];
      const expected = '  -a---b----d-----|';
      const project = byName({ a: cold('a---|'), b, c, d: cold('d---|') });

      const result = source.pipe(mergeMapBounded(project, { capacity: 1, overflow: 'drop-incoming' }));
      expectObservable(result).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
      expectSubscriptions(c.subscriptions).toBe(cSubs);
    });
  });

  it("ends with a BufferOverflowError at once with 'error', the default", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-abc------d-----|');
      const sourceSubs = '^--!             ';
      const a = cold('     a---|           ');
      const aSubs = '     -^-!             ';
      const b = cold('      b---|          ');
      const bSubs: string[] = [];
      const expected = '  -a-#             ';
      const error = new BufferOverflowError({ dropped: 1, bound: 'capacity', limit: 1 });

      const result = source.pipe(mergeMapBounded(byName({ a, b }), { capacity: 1 }));
      expectObservable(result).toBe(expected, undefined, error);
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
    });
  });

  it('keeps the order within a key, while other keys may overtake', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      // The key is the case of the letter: a and b wait for each other, and B waits for no other value.
      const source = hot('-abB--|       ');
      const sourceSubs = '^-----!       ';
      const a = cold('     a----|       ');
      const aSubs = '     -^----!       ';
      const b = cold('          b-----| ');
      const bSubs = '     ------^-----! ';
      const B = cold('       B----|     ');
      const BSubs = '     ---^----!     ';
      const expected = '  -a-B--b-----| ';
      const key = (name: string): boolean => name === name.toUpperCase();

      expectObservable(source.pipe(mergeMapBounded(byName({ a, b, B }), { key, concurrent: 9 }))).toBe(
        expected,
      );
      expectSubscriptions(source.subscriptions).toBe(sourceSubs);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
      expectSubscriptions(B.subscriptions).toBe(BSubs);
    });
  });

  it('starts the oldest value with an idle key when a slot is free', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-axbA|          ');
      const a = cold('     -------|       ');
      const aSubs = '     -^------!       ';
      const x = cold('      ---|          ');
      const xSubs = '     --^--!          ';
      const b = cold('            -|      ');
      const bSubs = '     --------^!      ';
      const A = cold('         -----|     ');
      const ASubs = '     -----^----!     ';
      const expected = '  ----------|     ';
      // b arrives before A, but waits for a.
      const key = (name: string): string => (name === 'b' ? 'a' : name);

      const result = source.pipe(mergeMapBounded(byName({ a, x, b, A }), { key, concurrent: 2 }));
      expectObservable(result).toBe(expected);
      expectSubscriptions(a.subscriptions).toBe(aSubs);
      expectSubscriptions(x.subscriptions).toBe(xSubs);
      expectSubscriptions(b.subscriptions).toBe(bSubs);
      expectSubscriptions(A.subscriptions).toBe(ASubs);
    });
  });

  it('keeps the whole order, with keys, too, if `concurrent` is 1', () => {
    const gate = new Subject<never>();
    const source = new Subject<string>();
    const project = (name: string): ObservableInput<string> => (name === 'a' ? gate : [name]);
    const list = collect(source.pipe(mergeMapBounded(project, { key: (name) => name === 'c' })));
    for (const name of ['a', 'b', 'c', 'd', 'c', 'e']) source.next(name);
    gate.complete();
    expect(list).toEqual(['b', 'c', 'd', 'c', 'e']);
  });

  it('evicts the oldest of all keys', () => {
    const source = new Subject<string>();
    const gates: Record<string, Subject<never>> = { a: new Subject(), b: new Subject() };
    const dropped: string[] = [];
    const list = collect(
      source.pipe(
        mergeMapBounded((name) => gates[name] ?? [name], {
          concurrent: 2,
          key: (name) => name[0],
          capacity: 3,
          overflow: 'drop-oldest',
          onDrop: (name) => dropped.push(name),
        }),
      ),
    );
    for (const name of ['a', 'b', 'c1', 'a1', 'b1', 'c2', 'b2', 'c3']) source.next(name);
    expect(dropped).toEqual(['c1', 'a1', 'b1']);
    for (const gate of Object.values(gates)) gate.complete();
    expect(list).toEqual(['c2', 'c3', 'b2']);
  });

  it('reports every dropped value, including the refused one', () => {
    const droppedBy = (options: MergeMapBoundedOptions<number>): number[] => {
      const dropped: number[] = [];
      collect(
        of(0, 1, 2, 3).pipe(
          mergeMapBounded(() => NEVER, { ...options, onDrop: (value) => dropped.push(value) }),
        ),
      );
      return dropped;
    };
    expect(droppedBy({ capacity: 1, overflow: 'drop-oldest' })).toEqual([1, 2]);
    expect(droppedBy({ capacity: 1, overflow: 'drop-incoming' })).toEqual([2, 3]);
    expect(droppedBy({ capacity: 1 })).toEqual([2]);
    expect(droppedBy({ capacity: 3 })).toEqual([]);
  });

  describe('counts bytes', () => {
    const run = (sizes: number[], options: MergeMapBoundedOptions<Buffer>): unknown[] => {
      const dropped: number[] = [];
      const source = from(sizes.map((size) => Buffer.alloc(size)));
      const onDrop = ({ length }: Buffer): unknown => dropped.push(length);
      const list = collect(source.pipe(mergeMapBounded(() => NEVER, { maxBytes: 10, onDrop, ...options })));
      return [...dropped, ...list];
    };

    it('and evicts as many as a value needs', () => {
      expect(run([1, 4, 3, 2, 8], { overflow: 'drop-oldest' })).toEqual([4, 3]);
    });

    it('of waiting values, not of running ones', () => {
      expect(run([99, 4, 6], {})).toEqual([]);
    });

    it('and loses only a value that is too large by itself', () => {
      expect(run([0, 4, 11, 6], { overflow: 'drop-oldest' })).toEqual([11]);
    });

    it('and reports the bound that was reached', () => {
      expect(run([0, 6, 5], {})).toEqual([
        5,
        expect.objectContaining({ bound: 'maxBytes', limit: 10, dropped: 1 }),
      ]);
    });

    it('of a string in UTF-8 and of the data of a message', () => {
      const dropped: unknown[] = [];
      const values = ['', 'ääää', { data: 'ää' }, { data: Buffer.alloc(4) }, 'x', 5];
      const options = {
        maxBytes: 12,
        overflow: 'drop-incoming',
        onDrop: (value: unknown) => dropped.push(value),
      } as const;
      collect(from(values).pipe(mergeMapBounded(() => NEVER, options)));
      expect(dropped).toEqual([{ data: Buffer.alloc(4) }, 'x']);
    });
  });

  it.each(['key', 'onDrop'])('ends with an error that `%s` throws', (name) => {
    const error = new Error(`thrown by ${name}`);
    const fail = (): never => {
      throw error;
    };
    const source = new Subject<number>();
    const list = collect(
      source.pipe(mergeMapBounded(() => NEVER, { capacity: 1, overflow: 'drop-oldest', [name]: fail })),
    );
    for (const value of [1, 2, 3]) source.next(value);
    expect(list).toEqual([error]);
    expect(source.observed).toBe(false);
  });

  it('tears an inner stream down before the next one starts', () => {
    const log: string[] = [];
    const source = new Subject<string>();
    const inner = new Subject<never>();
    const project = (name: string): Observable<unknown> =>
      (name === 'a' ? inner : EMPTY).pipe(
        tap({ subscribe: () => log.push(`start ${name}`) }),
        finalize(() => log.push(`end ${name}`)),
      );
    source.pipe(mergeMapBounded(project)).subscribe({ complete: () => log.push('complete') });
    for (const name of ['a', 'b', 'c']) source.next(name);
    source.complete();
    inner.complete();
    expect(log).toEqual(['start a', 'end a', 'start b', 'end b', 'start c', 'end c', 'complete']);
  });

  it('does not subscribe the result of `project` if `project` has made the consumer unsubscribe', () => {
    const source = new Subject<number>();
    let subscribed = 0;
    const inner = EMPTY.pipe(tap({ subscribe: () => subscribed++ }));
    const subscription = source
      .pipe(
        mergeMapBounded(() => {
          subscription.unsubscribe();
          return inner;
        }),
      )
      .subscribe();
    source.next(1);
    expect(subscribed).toBe(0);
  });

  it('handles an `onDrop` that emits another value, and keeps the order', () => {
    const source = new Subject<number>();
    const gate = new Subject<never>();
    const onDrop = (value: number): void => {
      if (value === 1) source.next(9);
    };
    const project = (value: number): ObservableInput<number> => (value === 0 ? gate : [value]);
    const list = collect(
      source.pipe(mergeMapBounded(project, { capacity: 2, overflow: 'drop-oldest', onDrop })),
    );
    for (const value of [0, 1, 2, 3]) source.next(value);
    gate.complete();
    expect(list).toEqual([3, 9]);
  });

  it.each(['key', 'onDrop'])('keeps no value when `%s` makes the consumer unsubscribe', (name) => {
    const source = new Subject<number>();
    let projected = 0;
    const leave = (): void => subscription.unsubscribe();
    const project = (): Observable<never> => {
      projected++;
      return NEVER;
    };
    const subscription = source
      .pipe(mergeMapBounded(project, { capacity: 1, [name]: leave }))
      .subscribe({ error: () => expect(true).toBe(false) });
    for (const value of [1, 2, 3]) source.next(value);
    expect(projected).toBe(name === 'key' ? 0 : 1);
    expect(source.observed).toBe(false);
  });

  it('evicts no more values when `onDrop` makes the consumer unsubscribe', () => {
    const source = new Subject<string>();
    const dropped: string[] = [];
    const onDrop = (value: string): void => {
      dropped.push(value);
      subscription.unsubscribe();
    };
    const options = { maxBytes: 3, overflow: 'drop-oldest', onDrop } as const;
    const subscription = source.pipe(mergeMapBounded(() => NEVER, options)).subscribe();
    for (const value of ['runs', 'a', 'b', 'ccc']) source.next(value);
    expect(dropped).toEqual(['a']);
  });

  describe('does not grow the stack', () => {
    /** The options, and the number of values that make all later ones wait. */
    const variants: [string, MergeMapBoundedOptions<number>, number][] = [
      ['one at a time', UNBOUNDED, 1],
      ['three at a time', { ...UNBOUNDED, concurrent: 3 }, 3],
      ['by one key', { ...UNBOUNDED, concurrent: Infinity, key: () => 0 }, 1],
      ['by many keys', { ...UNBOUNDED, concurrent: 2, key: (value) => value % 1_000 }, 2],
    ];

    it.each(variants)(
      'with waiting values whose inner streams complete at once, %s',
      (_name, options, slots) => {
        const source = new Subject<number>();
        const gates = Array.from({ length: slots }, () => new Subject<never>());
        const seen = new Set<number>();
        source
          .pipe(mergeMapBounded((value, index) => gates[index] ?? [value], options))
          .subscribe((value) => seen.add(value));
        for (let value = 0; value < MANY; value++) source.next(value);
        expect(seen.size).toBe(0);
        for (const gate of gates) gate.complete();
        expect(seen.size).toBe(MANY - slots);
      },
    );

    it.each(variants)('with a consumer that makes the source emit, %s', (_name, options) => {
      const source = new Subject<number>();
      let last = 0;
      source.pipe(mergeMapBounded((value) => [value], options)).subscribe((value) => {
        last = value;
        if (value < MANY) source.next(value + 1);
      });
      source.next(1);
      expect(last).toBe(MANY);
    });

    it.each(variants.slice(0, 3))(
      'with an inner stream that makes the source emit at its end, %s',
      (_name, options) => {
        const source = new Subject<number>();
        let last = 0;
        const project = (value: number): Observable<number> =>
          of(value).pipe(
            finalize(() => {
              if (value < MANY) source.next(value + 1);
            }),
          );
        source.pipe(mergeMapBounded(project, options)).subscribe((value) => (last = value));
        source.next(1);
        expect(last).toBe(MANY);
      },
    );

    it('with two keys that make each other emit', () => {
      const source = new Subject<number>();
      const last = [0, 0];
      const key = (value: number): number => value % 2;
      source.pipe(mergeMapBounded((value) => [value], { key, concurrent: 2 })).subscribe((value) => {
        last[key(value)] = value;
        if (key(value) === 1 || value >= MANY) return;
        source.next(value + 1);
        source.next(value + 2);
      });
      source.next(0);
      expect(last).toEqual([MANY, MANY - 1]);
    });
  });

  it('keeps nothing of an idle key', () => {
    class Key {}
    // The collections that hold one of the keys, or have held one from now on.
    const containers: (Map<unknown, unknown> | Set<unknown>)[] = [];
    const { set } = Map.prototype;
    const { add } = Set.prototype;
    const spies = [
      jest.spyOn(Map.prototype, 'set').mockImplementation(function (this: Map<unknown, unknown>, key, value) {
        if (key instanceof Key) containers.push(this);
        return set.call(this, key, value) as Map<unknown, unknown>;
      }),
      jest.spyOn(Set.prototype, 'add').mockImplementation(function (this: Set<unknown>, key) {
        if (key instanceof Key) containers.push(this);
        return add.call(this, key) as Set<unknown>;
      }),
    ];
    const source = new Subject<number>();
    const gates = Array.from({ length: 4 }, () => new Subject<never>());
    const keys = Array.from({ length: 8 }, () => new Key());
    const options = { concurrent: 3, capacity: 9, overflow: 'drop-oldest' } as const;
    const project = (_value: number, index: number): Observable<never> => gates[index] ?? EMPTY;
    source
      .pipe(mergeMapBounded(project, { ...options, key: (value) => keys[value % keys.length] }))
      .subscribe();
    for (let value = 0; value < 50; value++) source.next(value);
    for (const gate of gates) gate.complete();
    for (const spy of spies) spy.mockRestore();

    expect(containers.length).toBeGreaterThan(0);
    expect(containers.flatMap((container) => [...container.keys()])).toEqual([]);
  });

  it.each<[string, unknown, unknown]>([
    ['concurrent', 0, /'concurrent' to be a positive integer or Infinity, got 0/],
    ['concurrent', 1.5, /got 1\.5/],
    ['concurrent', NaN, /got NaN/],
    ['concurrent', '2', /got "2"/],
    ['capacity', 0, /'capacity' to be a positive integer or Infinity, got 0/],
    ['maxBytes', -1, /'maxBytes'/],
    ['overflow', 'drop-latest', /'overflow'/],
    ['key', 'id', /'key' to be a function, got "id"/],
    ['onDrop', null, /'onDrop' to be a function, got null/],
  ])('refuses %s: %p at once', (name, value, message) => {
    const refused = expect.objectContaining({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(message as RegExp),
    });
    expect(() => mergeMapBounded(() => EMPTY, { [name]: value })).toThrow(refused as Error);
  });

  it('refuses a `project` that is not a function at once', () => {
    expect(() => mergeMapBounded(EMPTY as never)).toThrow('Expected the project to be a function');
  });
});

describe('mergeMapBounded holds a source that can wait', () => {
  const values = Array.from({ length: 40 }, (_, index) => index);
  const later = async (value: number): Promise<number> => {
    for (let i = value % 3; i >= 0; i--) await Promise.resolve();
    return value;
  };

  /** Counts the values between an operator and its project, and keeps the largest number. */
  function gauge(): { readonly add: () => void; readonly take: () => void; most: number } {
    let waiting = 0;
    const counts = {
      add: () => (counts.most = Math.max(counts.most, ++waiting)),
      take: () => waiting--,
      most: 0,
    };
    return counts;
  }

  it.each<[string, MergeMapBoundedOptions<number>]>([
    ['one at a time', { capacity: 1 }],
    ['some at a time', { capacity: 3, concurrent: 4 }],
    ['by keys', { capacity: 2, concurrent: 4, key: (value) => value % 2 }],
    ['by one busy key', { capacity: 5, concurrent: 4, key: () => 'same' }],
    ['by keys of their own', { capacity: 2, concurrent: 2, key: (value) => value }],
  ])('and loses no value: %s', async (_, options) => {
    const source = new PacedSource(values);
    const counts = gauge();
    const started: number[] = [];
    const project = (value: number): Promise<number> => {
      started.push(value);
      counts.take();
      return later(value);
    };
    const results = await lastValueFrom(
      source.pipe(tap(counts.add), mergeMapBounded(project, options), toArray()),
    );
    expect(new Set(results)).toEqual(new Set(values));
    const { key = () => undefined, capacity = 0 } = options;
    for (const each of new Set(values.map(key))) {
      expect(started.filter((value) => key(value) === each)).toEqual(
        values.filter((value) => key(value) === each),
      );
    }
    // The value that has just arrived and may start at once has passed the first gauge, too.
    expect(counts.most).toBeLessThanOrEqual(capacity + 1);
    expect(source.calls).toContain('hold');
    expect(source.isHeld).toBe(false);
  });

  it('behind other synchronous operators, even if a value becomes several', async () => {
    const source = new PacedSource(values);
    const results = source.pipe(
      filter((value) => value % 2 === 0),
      mergeMap((value) => [value, value + 1]),
      mergeMapBounded(later, { capacity: 1 }),
      toArray(),
    );
    await expect(lastValueFrom(results)).resolves.toEqual(values);
  });

  it('when the bytes reach their bound', async () => {
    const names = values.map((value) => `name ${String(value).padStart(2)}`);
    const source = new PacedSource(names);
    const project = mergeMapBounded(async (name: string) => Promise.resolve(name), { maxBytes: 20 });
    await expect(lastValueFrom(source.pipe(project, toArray()))).resolves.toEqual(names);
    expect(source.calls).toContain('hold');
  });

  it('unless inner streams complete at once', () => {
    const source = new PacedSource(values);
    expect(collect(source.pipe(mergeMapBounded((value) => of(value), { capacity: 1 })))).toEqual([
      ...values,
      'complete',
    ]);
    expect(source.calls).toEqual([]);
  });

  it('until less than half of the line is in use', () => {
    const source = new PacedSource(values);
    const inner = values.map(() => new Subject<never>());
    source.pipe(mergeMapBounded((value) => inner[value] as Subject<never>, { capacity: 4 })).subscribe();
    expect([source.emitted, ...source.calls]).toEqual([5, 'hold']);
    for (const at of [0, 1]) inner[at]?.complete();
    expect([source.emitted, ...source.calls]).toEqual([5, 'hold']);
    inner[2]?.complete();
    expect([source.emitted, ...source.calls]).toEqual([8, 'hold', 'release', 'hold']);
  });

  it('until then, even if the other waiting values wait for a busy key', () => {
    const source = new PacedSource(['a', 'b', 'b', 'b', 'a', 'c']);
    const inner = { a: [] as Subject<never>[], b: [] as Subject<never>[], c: [] as Subject<never>[] };
    const project = (name: string): Observable<never> => {
      const each = new Subject<never>();
      inner[name as 'a' | 'b' | 'c'].push(each);
      return each;
    };
    const options = { concurrent: 3, capacity: 3, key: (name: string) => name };
    source.pipe(mergeMapBounded(project, options)).subscribe();
    inner.b[0]?.complete();
    expect([source.emitted, ...source.calls]).toEqual([5, 'hold']);
    inner.b[1]?.complete();
    expect([source.emitted, ...source.calls]).toEqual([6, 'hold', 'release']);
    expect(inner.c).toHaveLength(1);
  });

  it('together with other sources that can wait', async () => {
    const [odd, even] = [1, 0].map((rest) => new PacedSource(values.filter((value) => value % 2 === rest)));
    const sources = [odd, even] as PacedSource<number>[];
    const results = await lastValueFrom(
      merge(...sources).pipe(mergeMapBounded(later, { capacity: 2 }), toArray()),
    );
    expect(new Set(results)).toEqual(new Set(values));
    for (const { calls, isHeld } of sources) {
      expect(calls).toContain('hold');
      expect(isHeld).toBe(false);
    }
  });

  describe('and releases it when', () => {
    const held = (
      ...sources: Observable<number>[]
    ): { source: PacedSource<number>; inner: Subject<number>; all: Observable<number> } => {
      const source = new PacedSource(values);
      const inner = new Subject<number>();
      const all = merge(source, ...sources).pipe(mergeMapBounded(() => inner, { capacity: 2 }));
      return { source, inner, all };
    };

    it('the consumer unsubscribes', () => {
      const { source, all } = held();
      const subscription = all.subscribe();
      expect(source.isHeld).toBe(true);
      subscription.unsubscribe();
      expect(source.calls).toEqual(['hold', 'release']);
      expect(source.emitted).toBe(3);
    });

    it('an inner stream fails', () => {
      const { source, inner, all } = held();
      const list = collect(all);
      expect(source.isHeld).toBe(true);
      inner.error('failure');
      expect(list).toEqual(['failure']);
      expect(source.isHeld).toBe(false);
    });

    it('another source fails, or fills the line beyond its bounds', () => {
      for (const end of [
        (other: Subject<number>) => other.error('failure'),
        (other: Subject<number>) => other.next(1),
      ]) {
        const other = new Subject<number>();
        const { source, all } = held(other);
        const list = collect(all);
        expect(source.isHeld).toBe(true);
        end(other);
        expect(list).toHaveLength(1);
        expect(source.isHeld).toBe(false);
      }
    });

    it('the teardown of an inner stream throws', () => {
      const source = new PacedSource(values);
      const project = (): Observable<never> =>
        new Observable(() => () => {
          throw new Error('thrown by the teardown');
        });
      const subscription = source.pipe(mergeMapBounded(project, { capacity: 2 })).subscribe();
      expect(() => subscription.unsubscribe()).toThrow('thrown by the teardown');
      expect(source.isHeld).toBe(false);
    });

    it('the stream before the operator completes, though values still wait', () => {
      const source = new PacedSource(values);
      const stop = new Subject<void>();
      source
        .pipe(
          takeUntil(stop),
          mergeMapBounded(() => NEVER, { capacity: 2 }),
        )
        .subscribe();
      expect(source.isHeld).toBe(true);
      stop.next();
      expect(source.isHeld).toBe(false);
    });
  });
});
