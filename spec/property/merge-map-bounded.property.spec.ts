import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { concat, EMPTY, from, map, mergeMap, NEVER, Observable, of, Subject, take, throwError } from 'rxjs';
import type { ObservableInput, OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { mergeMapBounded } from '../../lib/operators/merge-map-bounded.js';

describe('mergeMapBounded without bounds', () => {
  type End = '|' | '#' | '';

  interface Stream {
    /** A `sync` stream emits during the subscription; an array does the same, and completes. */
    readonly kind: 'marbles' | 'sync' | 'array';
    readonly marbles: string;
    readonly end: End;
  }

  interface Scenario {
    readonly source: Stream;
    /** The inner streams, one for each value in turn; undefined makes `project` throw. */
    readonly inner: readonly (Stream | undefined)[];
    readonly concurrent: number;
    /** The values, by index, at which the consumer makes the source emit again. */
    readonly feedback: readonly number[];
    /** The number of values after which the consumer unsubscribes. */
    readonly leave: number;
  }

  const streams: fc.Arbitrary<Stream> = fc.record({
    kind: fc.constantFrom('marbles' as const, 'sync' as const, 'array' as const),
    marbles: fc
      .array(fc.constantFrom('-', '--', 'x', 'y', '(xy)'), { maxLength: 8 })
      .map((parts) => parts.join('')),
    end: fc.oneof({ weight: 9, arbitrary: fc.constant<End>('|') }, fc.constantFrom<End>('#', '')),
  });

  const scenarios: fc.Arbitrary<Scenario> = fc.record({
    source: streams,
    inner: fc.array(fc.option(streams, { nil: undefined, freq: 30 }), { minLength: 1, maxLength: 6 }),
    concurrent: fc.constantFrom(1, 2, 3, Infinity),
    feedback: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
    leave: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, fc.integer({ min: 1, max: 9 })),
  });

  const ends: Record<End, Observable<never>> = { '|': EMPTY, '#': throwError(() => 'error'), '': NEVER };

  /** Returns everything that can be observed of an operator, in order and with the virtual time. */
  function trace(
    { source, inner, feedback, leave }: Scenario,
    operator: (
      project: (value: string, index: number) => ObservableInput<string>,
    ) => OperatorFunction<string, string>,
  ): unknown[] {
    const log: unknown[] = [];
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ cold }) => {
      const note = (...what: unknown[]): unknown => log.push([scheduler.frame, ...what]);
      const open = ({ kind, marbles, end }: Stream): Observable<string> =>
        kind === 'marbles' ? cold(marbles + end) : concat(from(marbles.replace(/[^xy]/g, '')), ends[end]);
      const noted = (name: string, stream: Stream): Observable<string> =>
        new Observable((subscriber) => {
          note(`${name} subscribed`);
          subscriber.add(() => note(`${name} unsubscribed`));
          open(stream).subscribe(subscriber);
        });
      let emit: ((value: string) => void) | undefined;
      let heard = 0;
      new Observable<string>((subscriber) => {
        emit = (value) => subscriber.next(value);
        noted('source', source).subscribe(subscriber);
      })
        .pipe(
          operator((value, index) => {
            note('project', value, index);
            const stream = inner[index % inner.length];
            if (!stream) throw new Error(`thrown by project at ${String(index)}`);
            return stream.kind === 'array'
              ? stream.marbles.replace(/[^xy]/g, '').split('')
              : noted(`inner stream ${String(index)}`, stream);
          }),
          take(leave),
        )
        .subscribe({
          next(value) {
            const at = heard++;
            note('next', value);
            if (feedback.includes(at)) emit?.(`after ${String(at)}`);
          },
          error: (error) => note('error', error),
          complete: () => note('complete'),
        });
    });
    return log;
  }

  it('emits the same as mergeMap, for any streams', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const { concurrent } = scenario;
        const bounded = { concurrent, capacity: Infinity, maxBytes: Infinity };
        expect(trace(scenario, (project) => mergeMapBounded(project, bounded))).toEqual(
          trace(scenario, (project) => mergeMap(project, concurrent)),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('mergeMapBounded with promises', () => {
  interface Inner {
    readonly kind: 'array' | 'stream' | 'promise' | 'rejection' | 'thenable';
    /** Microtasks until the result. */
    readonly after: number;
  }

  interface Scenario {
    readonly inner: readonly Inner[];
    readonly concurrent: number;
    /** Microtasks after each value of the source. */
    readonly pauses: readonly number[];
    /** The results, by index, at which the consumer makes the source emit again. */
    readonly feedback: readonly number[];
    /** The value after which the consumer unsubscribes, by index. */
    readonly leave: number;
  }

  const kinds = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Inner['kind']>('array', 'stream', 'promise', 'thenable') },
    { weight: 1, arbitrary: fc.constant<Inner['kind']>('rejection') },
  );
  const scenarios: fc.Arbitrary<Scenario> = fc.record({
    inner: fc.array(fc.record({ kind: kinds, after: fc.nat(6) }), { minLength: 1, maxLength: 6 }),
    concurrent: fc.constantFrom(1, 2, 3, Infinity),
    pauses: fc.array(fc.nat(8), { maxLength: 12 }),
    feedback: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
    leave: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, fc.nat(9)),
  });

  async function microtasks(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await Promise.resolve();
  }

  async function result({ kind, after }: Inner, value: string): Promise<string> {
    await microtasks(after);
    if (kind === 'rejection') throw new Error(value);
    return value;
  }

  function open(inner: Inner, value: string): ObservableInput<string> {
    if (inner.kind === 'array') return [value, value];
    if (inner.kind === 'stream' && inner.after === 0) return of(value);
    const promise = result(inner, value);
    if (inner.kind === 'stream') return from(promise).pipe(map((each) => each));
    return inner.kind === 'thenable' ? { then: promise.then.bind(promise) } : promise;
  }

  /** Returns everything that can be observed of an operator, in order. */
  async function trace(
    { inner, pauses, feedback, leave }: Scenario,
    operator: (
      project: (value: string, index: number) => ObservableInput<string>,
    ) => OperatorFunction<string, string>,
  ): Promise<unknown[]> {
    const log: unknown[] = [];
    const source = new Subject<string>();
    let heard = 0;
    const project = (value: string, index: number): ObservableInput<string> => {
      log.push(['project', value, index]);
      return open(inner[index % inner.length] as Inner, value);
    };
    const subscription = source.pipe(operator(project)).subscribe({
      next(value) {
        log.push(['next', value]);
        const at = heard++;
        if (feedback.includes(at)) source.next(`after ${String(at)}`);
      },
      error: (error) => log.push(['error', error]),
      complete: () => log.push('complete'),
    });
    for (const [index, pause] of pauses.entries()) {
      source.next(String(index));
      await microtasks(pause);
      if (index === leave) subscription.unsubscribe();
      log.push(`after ${String(index)}`, source.observed);
    }
    source.complete();
    await setImmediate();
    return log;
  }

  it.each([
    ['without keys', {}],
    ['with unique keys', { key: () => Symbol() }],
  ])('emits the same as mergeMap, %s', async (_name, options) => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { concurrent } = scenario;
        expect(
          await trace(scenario, (project) => mergeMapBounded(project, { ...options, concurrent })),
        ).toEqual(await trace(scenario, (project) => mergeMap(project, concurrent)));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('mergeMapBounded against a model', () => {
  interface Value {
    readonly id: number;
    readonly key: number;
    readonly data: string;
  }

  type Step =
    | { readonly send: { readonly key: number; readonly size: number } }
    /** Completes one of the running inner streams, by index from the oldest. */
    | { readonly finish: number };

  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ send: fc.record({ key: fc.nat(3), size: fc.nat(6) }) }) },
      { weight: 2, arbitrary: fc.record({ finish: fc.nat(3) }) },
    ),
    { maxLength: 60 },
  );

  const options = fc.record({
    capacity: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(Infinity)),
    maxBytes: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Infinity)),
    overflow: fc.constantFrom('error' as const, 'drop-oldest' as const, 'drop-incoming' as const),
    concurrent: fc.constantFrom(1, 2, 3, Infinity),
    isKeyed: fc.boolean(),
  });
  type Options = typeof options extends fc.Arbitrary<infer O> ? O : never;

  /** A plain model of `mergeMapBounded`: all state in arrays, every look-up a search. */
  class Model {
    readonly started: number[] = [];
    readonly dropped: number[] = [];
    readonly running: Value[] = [];
    waiting: Value[] = [];
    hasFailed = false;

    constructor(readonly options: Options) {}

    send(value: Value): void {
      if (this.mayStart(value)) return this.start(value);
      const { capacity, maxBytes, overflow } = this.options;
      const fits = (): boolean => {
        const bytes = this.waiting.reduce((sum, { data }) => sum + data.length, value.data.length);
        return this.waiting.length < capacity && bytes <= maxBytes;
      };
      if (overflow === 'drop-oldest' && value.data.length <= maxBytes) {
        while (!fits()) this.dropped.push((this.waiting.shift() as Value).id);
      }
      if (fits()) {
        this.waiting.push(value);
      } else {
        this.dropped.push(value.id);
        this.hasFailed = overflow === 'error';
      }
    }

    finish(index: number): void {
      this.running.splice(index, 1);
      for (;;) {
        const next = this.waiting.find((value) => this.mayStart(value));
        if (!next) return;
        this.waiting = this.waiting.filter((value) => value !== next);
        this.start(next);
      }
    }

    mayStart({ key }: Value): boolean {
      const { concurrent, isKeyed } = this.options;
      return (
        this.running.length < concurrent && !(isKeyed && this.running.some((other) => other.key === key))
      );
    }

    start(value: Value): void {
      this.started.push(value.id);
      this.running.push(value);
    }
  }

  it('keeps the bounds and the order, and reports each dropped value', () => {
    fc.assert(
      fc.property(steps, options, (script, chosen) => {
        const model = new Model(chosen);
        const started: number[] = [];
        const dropped: number[] = [];
        let running: { readonly value: Value; readonly inner: Subject<never> }[] = [];
        const failures: unknown[] = [];
        const source = new Subject<Value>();
        const { isKeyed, ...bounds } = chosen;
        const project = (value: Value): Observable<never> => {
          const inner = new Subject<never>();
          started.push(value.id);
          running.push({ value, inner });
          return inner;
        };
        const key = isKeyed ? ({ key }: Value): number => key : undefined;
        const onDrop = ({ id }: Value): unknown => dropped.push(id);
        source
          .pipe(mergeMapBounded(project, { ...bounds, key, onDrop }))
          .subscribe({ error: (error) => failures.push(error) });

        let sent = 0;
        for (const step of script) {
          if ('send' in step) {
            const { key, size } = step.send;
            const value = { id: sent++, key, data: 'x'.repeat(size) };
            model.send(value);
            source.next(value);
          } else {
            const at = step.finish;
            const ended = running[at];
            if (!ended) continue;
            model.finish(at);
            running = running.filter((other) => other !== ended);
            ended.inner.complete();
          }
          const hasFailed = failures.length > 0;
          expect({ started, dropped, hasFailed }).toEqual({
            started: model.started,
            dropped: model.dropped,
            hasFailed: model.hasFailed,
          });
          if (hasFailed) break;
          // These bounds follow from the model; stated here, they can be checked without reading it.
          const waiting = sent - started.length - dropped.length;
          expect(waiting).toBeLessThanOrEqual(chosen.capacity);
          expect(running.length).toBeLessThanOrEqual(chosen.concurrent);
          if (isKeyed) expect(new Set(running.map(({ value }) => value.key)).size).toBe(running.length);
        }
        for (const stream of [source, ...running.map(({ inner }) => inner)]) {
          expect(stream.observed).toBe(failures.length === 0);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
