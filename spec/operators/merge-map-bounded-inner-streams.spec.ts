import { setImmediate } from 'node:timers/promises';
import { config, finalize, mergeMap, NEVER, Observable, observable, of, Subject, take } from 'rxjs';
import type { ObservableInput, OperatorFunction, Subscriber, UnsubscriptionError } from 'rxjs';
import { mergeMapBounded } from '../../lib/operators/merge-map-bounded.js';

type Project<T, R> = (value: T, index: number) => ObservableInput<R>;

const forms: [string, <T, R>(project: Project<T, R>, concurrent: number) => OperatorFunction<T, R>][] = [
  ['mergeMap', (project, concurrent) => mergeMap(project, concurrent)],
  ['mergeMapBounded', (project, concurrent) => mergeMapBounded(project, { concurrent })],
  [
    'mergeMapBounded with unique keys',
    (project, concurrent) => mergeMapBounded(project, { concurrent, key: () => Symbol() }),
  ],
];

/** Promise that the test settles. */
class Deferred<T> {
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

/** Returns an observer that appends every notification to a log. */
function into(log: unknown[]) {
  return {
    next: (value: unknown) => void log.push(value),
    error: (error: unknown) => void log.push(['error', error]),
    complete: () => void log.push('complete'),
  };
}

afterEach(() => {
  config.onUnhandledError = null;
  config.onStoppedNotification = null;
});

describe.each(forms)('promises: %s', (_, form) => {
  it('occupy a slot until they resolve, and the stream completes after the last one', async () => {
    const log: unknown[] = [];
    const promises = [new Deferred<string>(), new Deferred<string>(), new Deferred<string>()] as const;
    of(0, 1, 2)
      .pipe(
        form((value) => {
          log.push(`start ${String(value)}`);
          return promises[value as 0 | 1 | 2].promise;
        }, 2),
      )
      .subscribe(into(log));
    promises[1].resolve('b');
    await setImmediate();
    expect(log.splice(0)).toEqual(['start 0', 'start 1', 'b', 'start 2']);
    promises[2].resolve('c');
    await setImmediate();
    expect(log.splice(0)).toEqual(['c']);
    promises[0].resolve('a');
    await setImmediate();
    expect(log).toEqual(['a', 'complete']);
  });

  it('end the stream when they reject, and unsubscribe the source and the other inner streams', async () => {
    const log: unknown[] = [];
    const source = new Subject<number>();
    const inner = new Subject<never>();
    const { promise, reject } = new Deferred<never>();
    source.pipe(form((value) => (value === 0 ? inner : promise), 2)).subscribe(into(log));
    for (const value of [0, 1, 2]) source.next(value);
    reject('reason');
    await setImmediate();
    expect(log).toEqual([['error', 'reason']]);
    expect([source.observed, inner.observed]).toEqual([false, false]);
  });

  it('start no other value while the consumer handles their result', async () => {
    const log: unknown[] = [];
    const source = new Subject<string>();
    source
      .pipe(
        form(async (value) => {
          log.push(`start ${value}`);
          return Promise.resolve(value);
        }, 1),
      )
      .subscribe((value) => {
        if (value === 'a') source.next('b');
        log.push(value);
      });
    source.next('a');
    await setImmediate();
    expect(log).toEqual(['start a', 'a', 'start b', 'b']);
  });

  it('have no effect after the end of the stream, however they settle', async () => {
    const log: unknown[] = [];
    const onRejection = jest.fn();
    process.on('unhandledRejection', onRejection);
    const stopped: string[] = [];
    const isRejected = new Promise<void>((resolve) => {
      config.onStoppedNotification = ({ kind }) => {
        stopped.push(kind);
        if (kind === 'E') resolve();
      };
    });
    const promises = [new Deferred<string>(), new Deferred<string>(), new Deferred<string>()] as const;
    of(0, 1, 2, 3)
      .pipe(
        form((value) => promises[value as 0 | 1 | 2].promise, 3),
        take(1),
      )
      .subscribe(into(log));
    for (const { resolve } of promises.slice(0, 2)) resolve('a');
    promises[2].reject(new Error('too late'));
    await setImmediate();
    process.off('unhandledRejection', onRejection);
    expect(log).toEqual(['a', 'complete']);
    expect(onRejection).not.toHaveBeenCalled();
    await isRejected;
    expect(stopped).not.toContain('N');
  });

  it('report an error that the consumer throws, and continue', async () => {
    const log: unknown[] = [];
    const reported = new Promise((resolve) => (config.onUnhandledError = resolve));
    const error = new Error('thrown by the consumer');
    of('a', 'b')
      .pipe(form(async (value) => Promise.resolve(value), 1))
      .subscribe((value) => {
        log.push(value);
        if (value === 'a') throw error;
      });
    expect(await reported).toBe(error);
    await setImmediate();
    expect(log).toEqual(['a', 'b']);
  });

  it('report an error that a teardown throws after their rejection', async () => {
    const reported = new Promise((resolve) => (config.onUnhandledError = resolve));
    const log: unknown[] = [];
    of('a')
      .pipe(
        form(async () => Promise.reject(new Error('rejected')), 1),
        finalize(() => {
          throw new Error('thrown by the teardown');
        }),
      )
      .subscribe(into(log));
    expect(await reported).toMatchObject({ errors: [new Error('thrown by the teardown')] });
    expect(log).toEqual([['error', new Error('rejected')]]);
  });
});

it('mergeMapBounded reports an error that a teardown throws after the result of the last promise', async () => {
  const reported = new Promise((resolve) => (config.onUnhandledError = resolve));
  const log: unknown[] = [];
  of('a')
    .pipe(
      mergeMapBounded(async (value) => Promise.resolve(value)),
      finalize(() => {
        throw new Error('thrown by the teardown');
      }),
    )
    .subscribe(into(log));
  expect(await reported).toMatchObject({ errors: [new Error('thrown by the teardown')] });
  expect(log).toEqual(['a', 'complete']);
});

it('mergeMapBounded drops running promises with an overflow', async () => {
  const log: unknown[] = [];
  const { promise, resolve } = new Deferred<string>();
  of(0, 1, 2)
    .pipe(mergeMapBounded(() => promise, { capacity: 1 }))
    .subscribe(into(log));
  resolve('too late');
  await setImmediate();
  expect(log).toEqual([['error', expect.objectContaining({ code: 'ERR_BUFFER_OVERFLOW' })]]);
});

it('mergeMapBounded runs the promises of a key one after the other', async () => {
  const log: unknown[] = [];
  const promises = [new Deferred<string>(), new Deferred<string>(), new Deferred<string>()] as const;
  const project = (value: number): Promise<string> => {
    log.push(`start ${String(value)}`);
    return promises[value as 0 | 1 | 2].promise;
  };
  of(0, 1, 2)
    .pipe(mergeMapBounded(project, { concurrent: 3, key: (value) => value === 1 }))
    .subscribe(into(log));
  expect(log.splice(0)).toEqual(['start 0', 'start 1']);
  promises[1].resolve('b');
  await setImmediate();
  expect(log.splice(0)).toEqual(['b']);
  promises[0].resolve('a');
  await setImmediate();
  expect(log.splice(0)).toEqual(['a', 'start 2']);
  promises[2].resolve('c');
  await setImmediate();
  expect(log).toEqual(['c', 'complete']);
});

/** Calls the handler at once and again, and throws: no promise of the language does. */
function eagerThen(onResult: ((value: string) => unknown) | null | undefined): never {
  onResult?.('x');
  onResult?.('again');
  throw new Error('thrown by then');
}

class EagerPromise extends Promise<string> {
  override then = eagerThen;
}

describe.each(forms)('other inputs: %s', (_, form) => {
  it.each<[string, () => ObservableInput<string>]>([
    ['an object with `then`', () => ({ then: eagerThen })],
    ['a subclass of Promise with its own `then`', () => new EagerPromise(() => undefined)],
    ['a promise with its own `then`', () => Object.assign(Promise.resolve('x'), { then: eagerThen })],
  ])('take one value of %s', async (_kind, input) => {
    const log: unknown[] = [];
    of(0, 1).pipe(form(input, 1)).subscribe(into(log));
    await setImmediate();
    expect(log).toEqual(['x', 'x', 'complete']);
  });

  it('take a promise that is an observable, too, as an observable', async () => {
    const log: unknown[] = [];
    const promise = Promise.resolve('promise');
    const input = Object.assign(promise, { [observable]: () => of('observable') });
    of(0)
      .pipe(form(() => input, 1))
      .subscribe(into(log));
    await setImmediate();
    expect(log).toEqual(['observable', 'complete']);
  });

  it('take the result of a subclass of Promise', async () => {
    class Subclass<T> extends Promise<T> {}
    const log: unknown[] = [];
    of('a', 'b')
      .pipe(form((value) => Subclass.resolve(value), 1))
      .subscribe(into(log));
    await setImmediate();
    expect(log).toEqual(['a', 'b', 'complete']);
  });

  it('read no more of an array after the end of the stream', () => {
    const log: unknown[] = [];
    const array = ['a', 'b'];
    const read = jest.fn();
    Object.defineProperty(array, 2, { get: read });
    of(0)
      .pipe(
        form(() => array, 1),
        take(2),
      )
      .subscribe(into(log));
    expect(log).toEqual(['a', 'b', 'complete']);
    expect(read).not.toHaveBeenCalled();
  });

  it('hold the slot of an array until its last value has been handled', () => {
    const log: unknown[] = [];
    const source = new Subject<string>();
    source.pipe(form((value) => [`${value}1`, `${value}2`], 1)).subscribe((value) => {
      if (value === 'a1') source.next('b');
      log.push(value);
    });
    source.next('a');
    expect(log).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  it('let the end of an earlier inner stream start the next value, while they emit', () => {
    const log: unknown[] = [];
    const source = new Subject<number>();
    let first: Subscriber<string> | undefined;
    const inputs = [
      new Observable<string>((subscriber) => {
        first = subscriber;
        subscriber.next('first');
      }),
      ['second'],
      ['third'],
    ];
    source.pipe(form((value) => inputs[value] as ObservableInput<string>, 2)).subscribe((value) => {
      log.push(value);
      if (value === 'first') source.next(1);
      if (value !== 'second') return;
      source.next(2);
      first?.complete();
      log.push('handled');
    });
    source.next(0);
    expect(log).toEqual(['first', 'second', 'third', 'handled']);
  });
});

describe.each(forms)('the teardown: %s', (_, form) => {
  /** Subscribes to seven inner streams, and ends some of them. */
  function run(log: unknown[], fail = (_value: number): void => undefined) {
    const source = new Subject<number>();
    const inner = Array.from({ length: 7 }, () => new Subject<never>());
    const subscription = source
      .pipe(
        finalize(() => log.push('source')),
        form(
          (value) =>
            (inner[value] ?? NEVER).pipe(
              finalize(() => {
                log.push(value);
                fail(value);
              }),
            ),
          Infinity,
        ),
      )
      .subscribe(into(log));
    for (let value = 0; value < 6; value++) source.next(value);
    for (const ended of [3, 2, 0, 5]) inner[ended]?.complete();
    source.next(6);
    return { subscription, inner, source };
  }

  it('unsubscribes the source, and then the running inner streams from the oldest to the newest', () => {
    const log: unknown[] = [];
    const { subscription, inner } = run(log);
    expect(log.splice(0)).toEqual([3, 2, 0, 5]);
    subscription.unsubscribe();
    expect(log).toEqual(['source', 1, 4, 6]);
    expect(inner.filter(({ observed }) => observed)).toEqual([]);
  });

  it('unsubscribes all inner streams when one of them fails', () => {
    const log: unknown[] = [];
    const { inner } = run(log);
    log.length = 0;
    inner[4]?.error('reason');
    expect(log).toEqual([['error', 'reason'], 'source', 1, 4, 6]);
  });

  it('unsubscribes all inner streams even if the teardown of one throws', () => {
    const log: unknown[] = [];
    const { subscription } = run(log, (value) => {
      if (value === 1 || value === 6) throw new Error(`thrown by ${String(value)}`);
    });
    log.length = 0;
    let thrown: UnsubscriptionError | undefined;
    try {
      subscription.unsubscribe();
    } catch (error) {
      thrown = error as UnsubscriptionError;
    }
    expect(thrown?.errors).toEqual([new Error('thrown by 1'), new Error('thrown by 6')]);
    expect(log).toEqual(['source', 1, 4, 6]);
  });
});
