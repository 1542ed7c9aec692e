import { invalidArgument } from '../errors/invalid-argument.js';

/** What happens to a message that finds the buffer full. */
export type OverflowPolicy = 'error' | 'drop-oldest' | 'drop-incoming';

/** The bounds of a buffer, and what happens when they are reached. */
export interface BufferOptions {
  /**
   * The most messages that wait, a positive integer; for an operator `Infinity` too.
   * @default 16_384
   */
  readonly capacity?: number | undefined;
  /**
   * The most payload bytes that wait, a positive integer; for an operator `Infinity` too.
   * @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number | undefined;
  /**
   * `'error'` refuses what comes while the buffer is full and puts one {@link BufferOverflowError} at the place of the
   * loss; `'drop-oldest'` evicts from the head; `'drop-incoming'` refuses what comes. A message that is larger than
   * `maxBytes` by itself is the one that is lost, whatever the policy.
   * @default 'error'
   */
  readonly overflow?: OverflowPolicy | undefined;
}

export type Bounds = { readonly [K in keyof BufferOptions]-?: NonNullable<BufferOptions[K]> };

const DEFAULTS: Bounds = { capacity: 16_384, maxBytes: 64 * 1024 * 1024, overflow: 'error' };
const POLICIES: readonly unknown[] = ['error', 'drop-oldest', 'drop-incoming'] satisfies OverflowPolicy[];

/** Checks the options and fills in the defaults; `Infinity` as a bound passes only where `unbounded` allows it. */
export function resolveBounds(
  { capacity = DEFAULTS.capacity, maxBytes = DEFAULTS.maxBytes, overflow = DEFAULTS.overflow }: BufferOptions,
  unbounded: 'unbounded' | 'bounded' = 'bounded',
): Bounds {
  const bounds = { capacity, maxBytes, overflow };
  for (const name of ['capacity', 'maxBytes'] as const) {
    if (unbounded === 'unbounded' && bounds[name] === Infinity) continue;
    if (!Number.isSafeInteger(bounds[name]) || bounds[name] < 1) {
      const expected = unbounded === 'unbounded' ? 'a positive integer or Infinity' : 'a positive integer';
      throw invalidArgument(`the option '${name}'`, expected, bounds[name]);
    }
  }
  if (!POLICIES.includes(bounds.overflow)) {
    throw invalidArgument(
      "the option 'overflow'",
      "'error', 'drop-oldest' or 'drop-incoming'",
      bounds.overflow,
    );
  }
  return bounds;
}
