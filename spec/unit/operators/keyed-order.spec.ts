import { KeyedOrder } from '../../../lib/operators/keyed-order.js';

/** Order with one waiting value for each letter; the letter is the key. */
function orderOf(letters: string): KeyedOrder<string> {
  const order = new KeyedOrder<string>();
  for (const [at, key] of letters.split('').entries()) push(order, key, `${key}${String(at)}`);
  return order;
}

function push(order: KeyedOrder<string>, key: string, value: string): void {
  order.push({ value, key, size: 0, handling: undefined, isKept: false });
}

function next(order: KeyedOrder<string>): string | undefined {
  return order.next()?.value;
}

describe('KeyedOrder', () => {
  it('claims a key only if no value of this key runs or waits', () => {
    const order = orderOf('a');
    expect([order.claim('a'), order.claim('b'), order.claim('b')]).toEqual([false, true, false]);
    order.release('b');
    expect(next(order)).toBe('a0');
    expect([order.claim('a'), order.claim('b')]).toEqual([false, true]);
    order.release('a');
    expect(order.claim('a')).toBe(true);
  });

  it.each([NaN, -0, undefined])('claims the key %p again after its release, and no sooner', (key) => {
    const order = new KeyedOrder<string>();
    expect([order.claim(key), order.claim(key)]).toEqual([true, false]);
    order.release(key);
    expect(order.claim(key)).toBe(true);
    order.release(key);
    expect(order.claim(key)).toBe(true);
    order.push({ value: 'waits', key, size: 0, handling: undefined, isKept: false });
    expect(next(order)).toBeUndefined();
    order.release(key);
    expect(next(order)).toBe('waits');
  });

  it('claims every key again after it was cleared', () => {
    const order = new KeyedOrder<string>();
    expect([order.claim('a'), order.claim('b')]).toEqual([true, true]);
    order.clear();
    expect([order.claim('a'), order.claim('b')]).toEqual([true, true]);
  });

  it('makes the next value of a key ready at the release, in front of younger ones', () => {
    const order = orderOf('aabc');
    expect([next(order), next(order)]).toEqual(['a0', 'b2']);
    order.release('a');
    expect([next(order), next(order), next(order)]).toEqual(['a1', 'c3', undefined]);
  });

  it('evicts the oldest value, whether its key is idle or busy, and keeps the following one', () => {
    const order = orderOf('aab');
    expect(order.claim('c')).toBe(true);
    push(order, 'c', 'c3');
    expect(order.evict()?.value).toBe('a0');
    expect(next(order)).toBe('a1');
    push(order, 'a', 'a4');
    expect([order.evict()?.value, order.evict()?.value, order.evict()?.value]).toEqual(['b2', 'c3', 'a4']);
    expect([order.length, order.evict(), order.next()]).toEqual([0, undefined, undefined]);
    expect(order.claim('b')).toBe(true);
    order.release('a');
    expect(order.claim('a')).toBe(true);
  });

  it('evicts a value behind a running one, and leaves the ready keys alone', () => {
    const order = orderOf('aab');
    expect(next(order)).toBe('a0');
    expect(order.evict()?.value).toBe('a1');
    expect([order.claim('a'), next(order), next(order)]).toEqual([false, 'b2', undefined]);
  });

  it('evicts a value that its key has let wait, and leaves no trace of it', () => {
    const order = orderOf('aab');
    expect(next(order)).toBe('a0');
    order.release('a');
    expect(order.evict()?.value).toBe('a1');
    expect([order.claim('a'), next(order), next(order)]).toEqual([true, 'b2', undefined]);
  });

  it('appends to a key whose values have all gone', () => {
    const order = orderOf('a');
    expect(next(order)).toBe('a0');
    push(order, 'a', 'a1');
    expect(next(order)).toBeUndefined();
    order.release('a');
    expect([next(order), order.length]).toEqual(['a1', 0]);
  });

  it('evicts the oldest value though its key is busy, and leaves a key alone that is ready', () => {
    const order = orderOf('aabb');
    expect([next(order), next(order), next(order)]).toEqual(['a0', 'b2', undefined]);
    order.release('b');
    expect([order.evict()?.value, next(order)]).toEqual(['a1', 'b3']);
  });

  it('forgets the values behind a running one when it is cleared', () => {
    const order = orderOf('aabb');
    expect([next(order), next(order), next(order)]).toEqual(['a0', 'b2', undefined]);
    order.release('b');
    order.clear();
    expect([order.length, order.evict()]).toEqual([0, undefined]);
    expect([order.claim('a'), order.claim('b')]).toEqual([true, true]);
    push(order, 'a', 'new');
    expect([next(order), order.length]).toEqual([undefined, 1]);
    order.release('a');
    expect([next(order), order.length]).toEqual(['new', 0]);
  });

  it('ignores the release of a key that ran before it was cleared', () => {
    const order = orderOf('aab');
    next(order);
    order.clear();
    order.release('a');
    expect([order.length, order.next(), order.evict()]).toEqual([0, undefined, undefined]);
    expect([order.claim('a'), order.claim('b')]).toEqual([true, true]);
  });
});
