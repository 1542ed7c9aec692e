import fc from 'fast-check';
import { BoundedQueue } from '../../../lib/queue/bounded-queue.js';
import type { OverflowPolicy } from '../../../lib/queue/buffer-options.js';
import { BufferOverflowError } from '../../../lib/errors/errors.js';
import { Ring } from '../../../lib/queue/ring.js';

type Taken = string | { readonly dropped: number } | { readonly error: string };

/** An error of a kind, with the numbers of all errors that were joined into it. */
class Told extends Error {
  constructor(
    readonly kind: string,
    readonly ids: readonly number[],
  ) {
    super(kind);
  }
}

function joinTold(earlier: Error, later: Error): Error | undefined {
  if (!(earlier instanceof Told && later instanceof Told) || earlier.kind !== later.kind) return undefined;
  return new Told(later.kind, [...earlier.ids, ...later.ids]);
}

interface ModelFault {
  readonly kind: string;
  readonly ids: readonly number[];
  readonly dropped?: number;
}
type Entry = { readonly value: string } | ModelFault;

/** A plain list of all entries; after every change, a search joins neighbouring errors. */
class ModelQueue {
  #entries: Entry[] = [];

  constructor(
    readonly overflow: OverflowPolicy,
    readonly capacity: number,
  ) {}

  get values(): string[] {
    return this.#entries.flatMap((entry) => ('value' in entry ? [entry.value] : []));
  }

  push(value: string): void {
    const isTooLarge = value.startsWith('large');
    if (isTooLarge || (this.values.length === this.capacity && this.overflow !== 'drop-oldest'))
      return this.place(LOSS);
    if (this.values.length === this.capacity) {
      const oldest = this.#entries.findIndex((entry) => 'value' in entry);
      this.#entries[oldest] = LOSS;
    }
    this.#entries.push({ value });
    this.#join();
  }

  place(fault: ModelFault): void {
    this.#entries.push(fault);
    this.#join();
  }

  take(): Entry | undefined {
    return this.#entries.shift();
  }

  #join(): void {
    const joined: Entry[] = [];
    let start = 0;
    for (const entry of this.#entries) {
      const index =
        'kind' in entry ? joined.findIndex((e, i) => i >= start && 'kind' in e && e.kind === entry.kind) : -1;
      if (index >= 0) joined[index] = joinFaults(joined[index] as ModelFault, entry as ModelFault);
      else joined.push(entry);
      if ('value' in entry) start = joined.length;
    }
    this.#entries = joined;
  }
}

const LOSS: ModelFault = { kind: 'loss', ids: [], dropped: 1 };

function joinFaults(earlier: ModelFault, later: ModelFault): ModelFault {
  const ids = [...earlier.ids, ...later.ids];
  if (earlier.dropped === undefined || later.dropped === undefined) return { kind: earlier.kind, ids };
  return { kind: earlier.kind, ids, dropped: earlier.dropped + later.dropped };
}

function create(overflow: OverflowPolicy, capacity: number, maxBytes = 1_000) {
  const dropped: string[] = [];
  const queue = new BoundedQueue<string>({
    bounds: { capacity, maxBytes, overflow },
    sizeOf: (value) => value.length,
    onDrop: (value) => dropped.push(value),
  });
  return { queue, dropped };
}

function takeAll(queue: BoundedQueue<string>): Taken[] {
  const taken: Taken[] = [];
  while (!queue.isEmpty) {
    const error = queue.takeError();
    if (error)
      taken.push(
        error instanceof BufferOverflowError ? { dropped: error.dropped } : { error: error.message },
      );
    else taken.push(queue.shift() as string);
  }
  return taken;
}

describe('Ring', () => {
  it('is a queue after any sequence of pushes and shifts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 }))), (steps) => {
        const ring = new Ring<number>();
        const model: number[] = [];
        let next = 0;
        for (const [isPush, count] of steps) {
          for (let i = 0; i < count; i++) {
            if (isPush) {
              ring.push(next);
              model.push(next++);
            } else {
              expect(ring.shift()).toBe(model.shift());
            }
            expect(ring.length).toBe(model.length);
          }
        }
        while (model.length > 0) expect(ring.shift()).toBe(model.shift());
        expect(ring.shift()).toBeUndefined();
      }),
    );
  });
});

describe('BoundedQueue', () => {
  it("with 'error' refuses new values, and puts one error at the place of the loss", () => {
    const { queue, dropped } = create('error', 2);
    for (const value of ['a', 'b', 'c', 'd']) queue.push(value);
    expect(queue.shift()).toBe('a');
    queue.push('e');
    queue.push('f');
    expect(dropped).toEqual(['c', 'd', 'f']);
    expect(takeAll(queue)).toEqual(['b', { dropped: 2 }, 'e', { dropped: 1 }]);
  });

  it("with 'drop-oldest' evicts from the head", () => {
    const { queue, dropped } = create('drop-oldest', 2);
    for (const value of ['a', 'b', 'c', 'd']) queue.push(value);
    expect(dropped).toEqual(['a', 'b']);
    expect(takeAll(queue)).toEqual(['c', 'd']);
  });

  it("with 'drop-incoming' refuses the new value", () => {
    const { queue, dropped } = create('drop-incoming', 2);
    for (const value of ['a', 'b', 'c', 'd']) queue.push(value);
    expect(dropped).toEqual(['c', 'd']);
    expect(takeAll(queue)).toEqual(['a', 'b']);
  });

  it('evicts as many values as the bytes of the new one need', () => {
    const { queue, dropped } = create('drop-oldest', 10, 6);
    for (const value of ['aa', 'bb', 'cc', 'dddd']) queue.push(value);
    expect(dropped).toEqual(['aa', 'bb']);
    expect([queue.length, queue.bytes]).toEqual([2, 6]);
  });

  it.each(['error', 'drop-oldest', 'drop-incoming'] as const)(
    'loses only a value that is too large by itself, with %s',
    (overflow) => {
      const { queue, dropped } = create(overflow, 10, 6);
      for (const value of ['aa', 'eeeeeee', 'bb']) queue.push(value);
      expect(dropped).toEqual(['eeeeeee']);
      expect(takeAll(queue).filter((taken) => typeof taken === 'string')).toEqual(['aa', 'bb']);
    },
  );

  it('reports the bound that was reached, and the number of lost values', () => {
    const { queue } = create('error', 10, 3);
    for (const value of ['aaa', 'b', 'c']) queue.push(value);
    queue.shift();
    const error = queue.takeError();
    expect(error).toMatchObject({ code: 'ERR_BUFFER_OVERFLOW', bound: 'maxBytes', limit: 3, dropped: 2 });
    expect(error?.message).toContain('3 bytes');
  });

  it('keeps errors at their places, without room and without eviction', () => {
    const { queue } = create('drop-oldest', 2);
    queue.push('a');
    queue.place(new Error('after a'));
    queue.push('b');
    queue.place(new Error('after b'));
    queue.push('c');
    expect(takeAll(queue)).toEqual([{ error: 'after a' }, 'b', { error: 'after b' }, 'c']);
  });

  it('joins errors at one place by the given function', () => {
    const { queue } = create('error', 2);
    const join = (earlier: Error) => new Error(`${earlier.message}+`);
    queue.place(new Error('1'), join);
    queue.place(new Error('2'), join);
    queue.push('a');
    queue.place(new Error('3'), join);
    expect(takeAll(queue)).toEqual([{ error: '1+' }, 'a', { error: '3' }]);
  });

  describe('keeps few errors without a consumer', () => {
    const joinGaps = (earlier: Error, later: Error = new Error('gap')) =>
      earlier.message.startsWith('gap')
        ? new Error(`${earlier.message}+${later.message.slice(3)}`)
        : undefined;

    it('if losses and outages alternate behind a full queue', () => {
      const { queue } = create('error', 1);
      queue.push('a');
      for (let outage = 0; outage < 100; outage++) {
        queue.push('lost');
        queue.place(new Error('gap'), joinGaps);
      }
      expect(takeAll(queue)).toEqual(['a', { dropped: 100 }, { error: `gap${'+'.repeat(99)}` }]);
    });

    it('if the values between them are evicted', () => {
      const { queue } = create('drop-oldest', 1);
      for (let outage = 0; outage < 100; outage++) {
        queue.push('a');
        queue.place(new Error('gap'), joinGaps);
      }
      expect(takeAll(queue)).toEqual([{ error: `gap${'+'.repeat(98)}` }, 'a', { error: 'gap' }]);
    });

    it('and moves all joined errors to the later place', () => {
      const { queue } = create('drop-oldest', 1);
      queue.push('a');
      queue.place(new Error('gap1'), joinGaps);
      queue.push('b');
      queue.place(new Error('gap2'), joinGaps);
      queue.place(new Error('gap3'), joinGaps);
      queue.push('c');
      expect(takeAll(queue)).toEqual([{ error: 'gap1+2+3' }, 'c']);
    });

    it('and leaves errors apart that cannot be joined', () => {
      const { queue } = create('drop-oldest', 1);
      for (const number of [1, 2]) {
        queue.push('a');
        queue.place(new Error(`refused ${number}`));
        queue.place(new Error('gap'), joinGaps);
      }
      queue.push('b');
      expect(takeAll(queue)).toEqual([
        { error: 'refused 1' },
        { error: 'gap+' },
        { error: 'refused 2' },
        'b',
      ]);
    });
  });

  it('returns the value at the head, even if an error stands before it', () => {
    const { queue } = create('error', 2);
    expect(queue.peek()).toBeUndefined();
    queue.place(new Error('before'));
    queue.push('a');
    queue.push('b');
    expect([queue.peek(), queue.peek(), queue.length]).toEqual(['a', 'a', 2]);
  });

  it('is relaxed below half of both bounds', () => {
    const { queue } = create('drop-incoming', 4, 100);
    for (const value of ['a', 'b', 'c', 'd']) queue.push(value);
    expect(queue.isRelaxed).toBe(false);
    queue.shift();
    queue.shift();
    expect(queue.isRelaxed).toBe(false);
    queue.shift();
    expect(queue.isRelaxed).toBe(true);
  });

  it('accounts for every value, in order and within its bounds', () => {
    const policies = fc.constantFrom<OverflowPolicy>('error', 'drop-oldest', 'drop-incoming');
    const steps = fc.array(fc.oneof(fc.nat({ max: 6 }), fc.constant('take' as const)), { maxLength: 200 });
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 5 }), steps, (overflow, capacity, list) => {
        const maxBytes = 5;
        const sizes = new Map<number, number>();
        const lost: number[] = [];
        const taken: number[] = [];
        let announced = 0;
        const queue = new BoundedQueue<number>({
          bounds: { capacity, maxBytes, overflow },
          sizeOf: (id) => sizes.get(id) as number,
          onDrop: (id) => lost.push(id),
        });
        const take = () => {
          const error = queue.takeError();
          if (error) announced += (error as BufferOverflowError).dropped;
          else taken.push(...[queue.shift()].filter((id) => id !== undefined));
        };
        for (const step of list) {
          if (step === 'take') {
            take();
          } else {
            const id = sizes.size;
            sizes.set(id, step);
            queue.push(id);
          }
          expect(queue.length).toBeLessThanOrEqual(capacity);
          expect(queue.bytes).toBeLessThanOrEqual(maxBytes);
        }
        while (!queue.isEmpty) take();
        expect(taken).toEqual([...taken].sort((a, b) => a - b));
        expect([...taken, ...lost].sort((a, b) => a - b)).toEqual([...sizes.keys()]);
        expect(announced).toBe(overflow === 'error' ? lost.length : 0);
        expect(queue.bytes).toBe(0);
      }),
    );
  });

  it('equals a plain list, with at most one error of a kind at a place', () => {
    const policies = fc.constantFrom<OverflowPolicy>('error', 'drop-oldest', 'drop-incoming');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('push' as const) },
      { weight: 1, arbitrary: fc.constant('push too large' as const) },
      { weight: 2, arbitrary: fc.constantFrom('gap', 'refusal') },
      { weight: 2, arbitrary: fc.constant('take' as const) },
    );
    fc.assert(
      fc.property(
        policies,
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 100 }),
        (overflow, capacity, steps) => {
          const model = new ModelQueue(overflow, capacity);
          let lost = 0;
          let told = 0;
          const queue = new BoundedQueue<string>({
            bounds: { capacity, maxBytes: 1_000, overflow },
            sizeOf: (value) => (value.startsWith('large') ? 1_001 : 1),
            onDrop: () => lost++,
            lossError: () => (loss) => new BufferOverflowError(loss),
          });
          const take = (): Entry | undefined => {
            const error = queue.takeError();
            if (error instanceof BufferOverflowError) {
              told += error.dropped;
              return { kind: 'loss', ids: [], dropped: error.dropped };
            }
            if (error instanceof Told) return { kind: error.kind, ids: error.ids };
            return queue.isEmpty ? undefined : { value: queue.shift() as string };
          };
          for (const [id, what] of steps.entries()) {
            if (what === 'take') {
              expect(take()).toEqual(model.take());
            } else if (what === 'push' || what === 'push too large') {
              const value = `${what === 'push' ? 'value' : 'large'} ${id}`;
              queue.push(value);
              model.push(value);
            } else {
              queue.place(new Told(what, [id]), joinTold);
              model.place({ kind: what, ids: [id] });
            }
            expect(queue.peek()).toBe(model.values[0]);
          }
          const places = queue.length + 1;
          let errors = 0;
          for (let entry = take(); entry; entry = take()) {
            expect(entry).toEqual(model.take());
            if ('kind' in entry) errors++;
          }
          expect(model.take()).toBeUndefined();
          expect(errors).toBeLessThanOrEqual(places * 3);
          expect(told).toBe(lost);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
