import fc from 'fast-check';
import {
  concat,
  EMPTY,
  finalize,
  from,
  merge,
  NEVER,
  Observable,
  of,
  Subject,
  throwError,
  timer,
} from 'rxjs';
import { BufferOverflowError } from '../../lib/errors/errors.js';
import { iterate, type IterateOptions } from '../../lib/operators/iterate.js';
import { marbles } from '../../lib/testing/index.js';
import { PacedSource } from '../support/paced-source.js';

const DONE = { done: true, value: undefined };

/** Pulls until the end; returns the values, followed by the error if there is one. */
async function pulled<T>(iterator: AsyncIterable<T>): Promise<unknown[]> {
  const list: unknown[] = [];
  try {
    for await (const value of iterator) list.push(value);
  } catch (error) {
    list.push(error);
  }
  return list;
}

describe('iterate', () => {
  describe('subscribes', () => {
    const at = (frame: number, act: () => unknown): unknown => timer(frame).subscribe(act);

    it('at the first pull, until return()', () => {
      marbles(({ hot, expectSubscriptions }) => {
        const source = hot('-a-b-c-d-');
        const subs = '      ---^--!--';
        const iterator = iterate(source);
        at(3, () => iterator.next());
        at(4, () => iterator.next());
        at(6, () => iterator.return?.());
        at(7, () => iterator.next());
        expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it.each<[string, string, string]>([
      ['completes', '-a-b-|', '^----!'],
      ['fails', '     -a-#  ', '^--!  '],
    ])('until the source %s', (_, marble, subs) => {
      marbles(({ hot, expectSubscriptions }) => {
        const source = hot(marble.trim());
        void iterate(source).next();
        expectSubscriptions(source.subscriptions).toBe(subs.trim());
      });
    });

    it('until throw()', () => {
      marbles(({ hot, expectSubscriptions }) => {
        const source = hot('-a-b-c-d-');
        const subs = '      ^-----!--';
        const iterator = iterate(source);
        void iterator.next();
        at(6, () => iterator.throw?.('reason').catch(() => undefined));
        expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it('until the overflow that ends it', () => {
      marbles(({ hot, expectSubscriptions }) => {
        const source = hot('-a-b-c-d-');
        const subs = '      ^------!-';
        void iterate(source, { capacity: 2 }).next();
        expectSubscriptions(source.subscriptions).toBe(subs);
      });
    });

    it('never, if return() is called before the first pull', () => {
      marbles(({ hot, expectSubscriptions }) => {
        const source = hot('-a-b-c-d-');
        const iterator = iterate(source);
        void iterator.return?.();
        void iterator.next();
        expectSubscriptions(source.subscriptions).toBe([]);
      });
    });
  });

  it('delivers the values of a synchronous source, and ends', async () => {
    await expect(pulled(iterate(of(1, 2, 3)))).resolves.toEqual([1, 2, 3]);
    await expect(pulled(iterate(EMPTY))).resolves.toEqual([]);
  });

  it('is its own iterator', () => {
    const iterator = iterate(NEVER);
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
  });

  it('delivers the waiting values before the end of the source', async () => {
    const source = new Subject<number>();
    const iterator = iterate(source);
    const first = iterator.next();
    for (const value of [1, 2, 3]) source.next(value);
    source.complete();
    await expect(first).resolves.toEqual({ done: false, value: 1 });
    await expect(pulled(iterator)).resolves.toEqual([2, 3]);
    await expect(iterator.next()).resolves.toEqual(DONE);
  });

  it.each([[new Error('thrown by the source')], ['no Error'], [undefined]])(
    'delivers the waiting values before the error %p of the source, and the error once',
    async (error) => {
      const iterator = iterate(
        concat(
          of(1, 2),
          throwError(() => error),
        ),
      );
      await expect(iterator.next()).resolves.toEqual({ done: false, value: 1 });
      await expect(iterator.next()).resolves.toEqual({ done: false, value: 2 });
      await expect(iterator.next()).rejects.toBe(error);
      await expect(iterator.next()).resolves.toEqual(DONE);
    },
  );

  it('settles parallel pulls in order', async () => {
    const source = new Subject<number>();
    const iterator = iterate(source);
    const settled: unknown[] = [];
    const pulls = [1, 2, 3, 4].map(async (pull) => settled.push([pull, await iterator.next()]));
    source.next(10);
    source.next(20);
    source.complete();
    await Promise.all(pulls);
    expect(settled).toEqual([
      [1, { done: false, value: 10 }],
      [2, { done: false, value: 20 }],
      [3, DONE],
      [4, DONE],
    ]);
  });

  it('rejects one pull with the error, and ends the others', async () => {
    const source = new Subject<number>();
    const iterator = iterate(source);
    const pulls = Promise.allSettled([iterator.next(), iterator.next(), iterator.next()]);
    source.error('reason');
    await expect(pulls).resolves.toEqual([
      { status: 'rejected', reason: 'reason' },
      { status: 'fulfilled', value: DONE },
      { status: 'fulfilled', value: DONE },
    ]);
  });

  it('does not await a value that is a promise', async () => {
    const value = Promise.resolve(1);
    const result = await iterate(of(value)).next();
    expect(result.value).toBe(value);
  });

  describe('ends', () => {
    it('with return(), which drops the waiting values and ends the waiting pulls', async () => {
      const source = new Subject<number>();
      const dropped: number[] = [];
      const iterator = iterate(source, { onDrop: (value) => dropped.push(value) });
      const pulls = [iterator.next(), iterator.next()];
      source.next(1);
      await expect(iterator.return?.('result')).resolves.toEqual({ done: true, value: 'result' });
      await expect(Promise.all(pulls)).resolves.toEqual([{ done: false, value: 1 }, DONE]);

      const another = iterate(source);
      const first = another.next();
      for (const value of [1, 2, 3]) source.next(value);
      await another.return?.();
      await expect(Promise.all([first, another.next()])).resolves.toEqual([{ done: false, value: 1 }, DONE]);
      expect(source.observed).toBe(false);
      expect(dropped).toEqual([]);
    });

    it('with return() of a promise, once the promise is settled', async () => {
      await expect(iterate(NEVER).return?.(Promise.resolve('late'))).resolves.toEqual({
        done: true,
        value: 'late',
      });
    });

    it('with throw(), which rejects with its error', async () => {
      const source = new Subject<number>();
      const iterator = iterate(source);
      const pull = iterator.next();
      await expect(iterator.throw?.('reason')).rejects.toBe('reason');
      await expect(pull).resolves.toEqual(DONE);
      await expect(iterator.next()).resolves.toEqual(DONE);
      expect(source.observed).toBe(false);
    });

    it('with its disposal', async () => {
      const source = new Subject<number>();
      const iterator = iterate(source);
      const pull = iterator.next();
      await iterator[Symbol.asyncDispose]();
      await expect(pull).resolves.toEqual(DONE);
      expect(source.observed).toBe(false);
    });

    it.each(['break', 'throw'])('with a loop that ends by %s', async (how) => {
      let released = 0;
      const loop = async (): Promise<void> => {
        for await (const value of iterate(of(1, 2, 3).pipe(finalize(() => released++)))) {
          if (value < 2) continue;
          if (how === 'break') break;
          throw new Error('thrown by the loop');
        }
      };
      if (how === 'break') await loop();
      else await expect(loop()).rejects.toThrow('thrown by the loop');
      expect(released).toBe(1);
    });

    it('for the waiting pulls, too, when the teardown of the source throws', async () => {
      const source = new Observable<never>(() => () => {
        throw new Error('thrown by the teardown');
      });
      const iterator = iterate(source);
      const pull = iterator.next();
      await expect(iterator.return?.()).rejects.toThrow('thrown by the teardown');
      await expect(pull).resolves.toEqual(DONE);
    });
  });

  describe('bounds the waiting values', () => {
    it("and ends with a BufferOverflowError after them with 'error', the default", async () => {
      const dropped: number[] = [];
      const options = { capacity: 2, onDrop: (value: number) => dropped.push(value) };
      const result = await pulled(iterate(from([1, 2, 3, 4, 5]), options));
      const error = new BufferOverflowError({ dropped: 1, bound: 'capacity', limit: 2 });
      expect(result).toEqual([1, 2, 3, error]);
      expect(result[3]).toMatchObject({ dropped: 1, bound: 'capacity', limit: 2 });
      expect(dropped).toEqual([4]);
    });

    it.each<[IterateOptions<number>['overflow'], number[], number[]]>([
      ['drop-oldest', [1, 4, 5], [2, 3]],
      ['drop-incoming', [1, 2, 3], [4, 5]],
    ])('with %s', async (overflow, delivered, lost) => {
      const dropped: number[] = [];
      const options = { capacity: 2, overflow, onDrop: (value: number) => dropped.push(value) };
      await expect(pulled(iterate(from([1, 2, 3, 4, 5]), options))).resolves.toEqual(delivered);
      expect(dropped).toEqual(lost);
    });

    it('in bytes', async () => {
      const source = from(['1234567', '1234', '123', '12']);
      const options = { maxBytes: 6, overflow: 'drop-oldest' } as const;
      await expect(pulled(iterate(source, options))).resolves.toEqual(['1234567', '123', '12']);
    });

    it('unless the bounds are infinite', async () => {
      const values = Array.from({ length: 20_000 }, (_, index) => index);
      const options = { capacity: Infinity, maxBytes: Infinity };
      await expect(pulled(iterate(from(values), options))).resolves.toEqual(values);
    });

    it('and ends with an error of `onDrop` after them', async () => {
      const error = new Error('thrown by onDrop');
      const onDrop = (): never => {
        throw error;
      };
      for (const overflow of ['error', 'drop-incoming'] as const) {
        const source = from([1, 2, 3, 4]);
        await expect(pulled(iterate(source, { capacity: 1, overflow, onDrop }))).resolves.toEqual([
          1,
          2,
          error,
        ]);
      }
    });
  });

  it('ignores an error of `onDrop` after `onDrop` has called return()', async () => {
    const source = new Subject<number>();
    const onDrop = (): never => {
      void iterator.return?.();
      throw new Error('thrown by onDrop');
    };
    const iterator = iterate(source, { capacity: 1, overflow: 'drop-incoming', onDrop });
    const first = iterator.next();
    for (const value of [1, 2, 3]) source.next(value);
    await expect(Promise.all([first, iterator.next()])).resolves.toEqual([{ done: false, value: 1 }, DONE]);
  });

  describe('stops a source that emits synchronously without end', () => {
    const endless = new Observable<number>((subscriber) => {
      for (let i = 0; !subscriber.closed; i++) subscriber.next(i);
    });

    it('when the buffer overflows', async () => {
      const result = await pulled(iterate(endless, { capacity: 2 }));
      expect(result).toEqual([0, 1, 2, expect.any(BufferOverflowError)]);
    });

    it('when `onDrop` calls return()', async () => {
      const iterator = iterate(endless, {
        capacity: 2,
        overflow: 'drop-oldest',
        onDrop: () => void iterator.return?.(),
      });
      await expect(pulled(iterator)).resolves.toEqual([0]);
    });

    it('when the source calls return() itself', async () => {
      const source = new Observable<number>((subscriber) => {
        for (let i = 0; !subscriber.closed; i++) {
          subscriber.next(i);
          if (i === 3) void iterator.return?.();
        }
      });
      const iterator = iterate(source);
      await expect(pulled(iterator)).resolves.toEqual([0]);
    });
  });

  describe('holds a source that can wait', () => {
    const values = Array.from({ length: 40 }, (_, index) => index);

    it.each<[string, IterateOptions<number>, { burst?: number }]>([
      ['one value waits', { capacity: 1 }, {}],
      ['some values wait', { capacity: 5 }, {}],
      ['values come in bursts', { capacity: 5 }, { burst: 3 }],
    ])('and loses no value: %s', async (_, options, pace) => {
      const source = new PacedSource(values, pace);
      let most = 0;
      const list: number[] = [];
      for await (const value of iterate(source, options)) {
        list.push(value);
        most = Math.max(most, source.emitted - list.length);
      }
      expect(list).toEqual(values);
      expect(most).toBe(options.capacity);
      expect(source.calls).toContain('hold');
      expect(source.isHeld).toBe(false);
    });

    it('until less than half of the buffer is in use', async () => {
      const source = new PacedSource(values);
      const iterator = iterate(source, { capacity: 4 });
      for (const emitted of [5, 5, 5, 8]) {
        await iterator.next();
        expect(source.emitted).toBe(emitted);
      }
      expect(source.calls).toEqual(['hold', 'release', 'hold']);
    });

    it('when the bytes reach their bound', async () => {
      const names = values.map((value) => `name ${String(value).padStart(2)}`);
      const source = new PacedSource(names);
      await expect(pulled(iterate(source, { maxBytes: 20 }))).resolves.toEqual(names);
      expect(source.calls).toContain('hold');
    });

    it('and answers the pulls in order, though the source emits inside one of them', async () => {
      const iterator = iterate(new PacedSource(values), { capacity: 2 });
      const results = await Promise.all(values.map(() => iterator.next()));
      expect(results.map(({ value }) => value as unknown)).toEqual(values);
      await expect(iterator.next()).resolves.toEqual(DONE);
    });

    it('but ends with the overflow of a value that is larger than `maxBytes`', async () => {
      const source = new PacedSource(['a', 'b', 'too large', 'c']);
      const result = await pulled(iterate(source, { maxBytes: 3 }));
      expect(result).toEqual(['a', 'b', expect.any(BufferOverflowError)]);
      expect(source.isHeld).toBe(false);
    });

    describe('and releases it when', () => {
      async function held(
        options: IterateOptions<number> = {},
        other: Observable<number> = NEVER,
      ): Promise<{ source: PacedSource<number>; iterator: AsyncIterableIterator<number> & AsyncDisposable }> {
        const source = new PacedSource(values);
        const iterator = iterate(merge(source, other), { capacity: 2, ...options });
        await iterator.next();
        expect(source.calls).toEqual(['hold']);
        return { source, iterator };
      }

      it('the iteration ends', async () => {
        const { source, iterator } = await held();
        await iterator.return?.();
        expect(source.calls).toEqual(['hold', 'release']);
        expect(source.emitted).toBe(3);
      });

      it('the signal aborts', async () => {
        const controller = new AbortController();
        const { source } = await held({ signal: controller.signal });
        controller.abort();
        expect(source.isHeld).toBe(false);
      });

      it('another source fails, or fills the buffer, though values still wait', async () => {
        for (const end of [
          (other: Subject<number>) => other.error('failure'),
          (other: Subject<number>) => other.next(-1),
        ]) {
          const other = new Subject<number>();
          const { source, iterator } = await held({}, other);
          end(other);
          expect(source.isHeld).toBe(false);
          await expect(pulled(iterator)).resolves.toEqual([1, 2, expect.anything()]);
        }
      });
    });
  });

  it('accepts only an Observable, bounds and a function', () => {
    const code = { code: 'ERR_INVALID_ARGUMENT' };
    const caught = (act: () => unknown): unknown => {
      try {
        return act();
      } catch (error) {
        return error;
      }
    };
    expect(caught(() => iterate([1] as never))).toMatchObject(code);
    expect(caught(() => iterate(NEVER, { capacity: 0 }))).toMatchObject(code);
    expect(caught(() => iterate(NEVER, { overflow: 'drop-newest' as never }))).toMatchObject(code);
    expect(caught(() => iterate(NEVER, { onDrop: 'log' as never }))).toMatchObject(code);
  });

  it('equals a model, for any order of pulls and values', async () => {
    type Step = 'emit' | 'pull' | 'complete' | 'fail' | 'return' | 'wait';
    const often = fc.constantFrom<Step>('emit', 'emit', 'pull', 'pull', 'wait');
    const seldom = fc.constantFrom<Step>('complete', 'fail', 'return');
    const scripts = fc.array(fc.oneof({ weight: 25, arbitrary: often }, seldom), { maxLength: 60 });
    const policies = fc.constantFrom('error' as const, 'drop-oldest' as const, 'drop-incoming' as const);

    await fc.assert(
      fc.asyncProperty(
        scripts,
        policies,
        fc.integer({ min: 1, max: 4 }),
        async (script, overflow, capacity) => {
          const source = new Subject<number>();
          const dropped: number[] = [];
          const iterator = iterate(source, { capacity, overflow, onDrop: (value) => dropped.push(value) });
          const pulls: Promise<unknown>[] = [];

          // The model: the result of each pull, and the waiting values.
          const answers: unknown[] = [];
          const lost: number[] = [];
          let waiting: number[] = [];
          let failure: unknown[] = [];
          let state = 'idle' as 'idle' | 'open' | 'ended';
          const end = (...failures: unknown[]): void => {
            const open = pulls.length - answers.length;
            if (open > 0) answers.push(...failures, ...Array<unknown>(open - failures.length).fill('done'));
            else failure = failures;
            state = 'ended';
          };

          let sent = 0;
          for (const step of [...script, 'return' as const]) {
            if (step === 'emit') {
              const value = sent++;
              if (state === 'open' && answers.length < pulls.length) answers.push(value);
              else if (state === 'open' && waiting.length < capacity) waiting.push(value);
              else if (state === 'open') {
                if (overflow === 'drop-oldest') waiting.push(value);
                lost.push(overflow === 'drop-oldest' ? (waiting.shift() as number) : value);
                if (overflow === 'error') end('ERR_BUFFER_OVERFLOW');
              }
              source.next(value);
            } else if (step === 'pull') {
              const answer = iterator.next().then(
                (result) => (result.done ? 'done' : result.value),
                (error: unknown) => (error instanceof BufferOverflowError ? error.code : error),
              );
              pulls.push(answer);
              if (waiting.length > 0) answers.push(waiting.shift());
              else if (state === 'ended') answers.push(failure.pop() ?? 'done');
              else state = 'open';
            } else if (step === 'return') {
              waiting = [];
              end();
              await iterator.return?.();
            } else if (step === 'wait') {
              await Promise.resolve();
            } else if (state === 'open') {
              if (step === 'fail') end('failure');
              else end();
              if (step === 'fail') source.error('failure');
              else source.complete();
            }
            expect(source.observed).toBe(state === 'open');
            expect(dropped).toEqual(lost);
          }
          await expect(Promise.all(pulls)).resolves.toEqual(answers);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
