import { BoundedQueue } from '../../../lib/queue/bounded-queue.js';
import type { OverflowPolicy } from '../../../lib/queue/buffer-options.js';
import { BufferOverflowError } from '../../../lib/errors/errors.js';

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
});
