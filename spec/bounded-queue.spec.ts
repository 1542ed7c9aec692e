import fc from 'fast-check';
import { BoundedQueue } from '../lib/queue/bounded-queue.js';
import type { OverflowPolicy } from '../lib/queue/buffer-options.js';
import { BufferOverflowError } from '../lib/errors/errors.js';
import { Ring } from '../lib/queue/ring.js';

type Taken = string | { readonly dropped: number } | { readonly error: string };

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
  it('is a queue, whatever is pushed and shifted, and however it grows and shrinks', () => {
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
  it("with 'error' refuses what comes, and puts one error at the place of the loss", () => {
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

  it("with 'drop-incoming' refuses the new one", () => {
    const { queue, dropped } = create('drop-incoming', 2);
    for (const value of ['a', 'b', 'c', 'd']) queue.push(value);
    expect(dropped).toEqual(['c', 'd']);
    expect(takeAll(queue)).toEqual(['a', 'b']);
  });

  it('evicts as many as the bytes of the new one take', () => {
    const { queue, dropped } = create('drop-oldest', 10, 6);
    for (const value of ['aa', 'bb', 'cc', 'dddd']) queue.push(value);
    expect(dropped).toEqual(['aa', 'bb']);
    expect([queue.length, queue.bytes]).toEqual([2, 6]);
  });

  it.each(['error', 'drop-oldest', 'drop-incoming'] as const)(
    'loses a value that is too large by itself, and nothing else, with %s',
    (overflow) => {
      const { queue, dropped } = create(overflow, 10, 6);
      for (const value of ['aa', 'eeeeeee', 'bb']) queue.push(value);
      expect(dropped).toEqual(['eeeeeee']);
      expect(takeAll(queue).filter((taken) => typeof taken === 'string')).toEqual(['aa', 'bb']);
    },
  );

  it('says which bound was reached, and how many are missing', () => {
    const { queue } = create('error', 10, 3);
    for (const value of ['aaa', 'b', 'c']) queue.push(value);
    queue.shift();
    const error = queue.takeError();
    expect(error).toMatchObject({ code: 'ERR_BUFFER_OVERFLOW', bound: 'maxBytes', limit: 3, dropped: 2 });
    expect(error?.message).toContain('3 bytes');
  });

  it('keeps errors in their places, which take no room and are never evicted', () => {
    const { queue } = create('drop-oldest', 2);
    queue.push('a');
    queue.place(new Error('after a'));
    queue.push('b');
    queue.place(new Error('after b'));
    queue.push('c');
    expect(takeAll(queue)).toEqual([{ error: 'after a' }, 'b', { error: 'after b' }, 'c']);
  });

  it('merges errors at one place where it is told how', () => {
    const { queue } = create('error', 2);
    const join = (earlier: Error) => new Error(`${earlier.message}+`);
    queue.place(new Error('1'), join);
    queue.place(new Error('2'), join);
    queue.push('a');
    queue.place(new Error('3'), join);
    expect(takeAll(queue)).toEqual([{ error: '1+' }, 'a', { error: '3' }]);
  });

  it('relaxes below half of both bounds', () => {
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
});
