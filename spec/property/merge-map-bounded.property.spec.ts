import fc from 'fast-check';
import { concat, EMPTY, from, mergeMap, NEVER, Observable, Subject, take, throwError } from 'rxjs';
import type { ObservableInput, OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { mergeMapBounded } from '../../lib/operators/merge-map-bounded.js';

describe('mergeMapBounded without bounds', () => {
  type End = '|' | '#' | '';

  interface Stream {
    /** True if the stream emits during the subscription; otherwise it follows the marbles. */
    readonly isSync: boolean;
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
    isSync: fc.boolean(),
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
      const open = ({ isSync, marbles, end }: Stream): Observable<string> =>
        isSync ? concat(from(marbles.replace(/[^xy]/g, '')), ends[end]) : cold(marbles + end);
      let emit: ((value: string) => void) | undefined;
      let heard = 0;
      new Observable<string>((subscriber) => {
        emit = (value) => subscriber.next(value);
        note('source subscribed');
        subscriber.add(() => note('source unsubscribed'));
        open(source).subscribe(subscriber);
      })
        .pipe(
          operator((value, index) => {
            note('project', value, index);
            const stream = inner[index % inner.length];
            if (!stream) throw new Error(`thrown by project at ${String(index)}`);
            return open(stream);
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
