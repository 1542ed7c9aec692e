import fc from 'fast-check';
import { BoundedQueue } from '../../../lib/queue/bounded-queue.js';
import type { OverflowPolicy } from '../../../lib/queue/buffer-options.js';
import { BufferOverflowError } from '../../../lib/errors/errors.js';

/** An error of a kind, with the numbers of all errors that were joined into it. */
class NumberedError extends Error {
  constructor(
    readonly kind: string,
    readonly ids: readonly number[],
  ) {
    super(kind);
  }
}

function joinErrors(earlier: Error, later: Error): Error | undefined {
  if (!(earlier instanceof NumberedError && later instanceof NumberedError) || earlier.kind !== later.kind)
    return undefined;
  return new NumberedError(later.kind, [...earlier.ids, ...later.ids]);
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

describe('BoundedQueue under random steps', () => {
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
          let reported = 0;
          const queue = new BoundedQueue<string>({
            bounds: { capacity, maxBytes: 1_000, overflow },
            sizeOf: (value) => (value.startsWith('large') ? 1_001 : 1),
            onDrop: () => lost++,
            lossError: () => (loss) => new BufferOverflowError(loss),
          });
          const take = (): Entry | undefined => {
            const error = queue.takeError();
            if (error instanceof BufferOverflowError) {
              reported += error.dropped;
              return { kind: 'loss', ids: [], dropped: error.dropped };
            }
            if (error instanceof NumberedError) return { kind: error.kind, ids: error.ids };
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
              queue.place(new NumberedError(what, [id]), joinErrors);
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
          expect(reported).toBe(lost);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
