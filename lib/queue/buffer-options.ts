import { invalidArgument } from '../errors/invalid-argument.js';

/** The treatment of a message that finds the buffer full. */
export type OverflowPolicy = 'error' | 'drop-oldest' | 'drop-incoming' | 'replay';

/** The bounds of a buffer, and the policy when they are reached. */
export interface BufferOptions {
  /**
   * The largest number of messages that wait, a positive integer; for an operator also `Infinity`.
   * @default 16_384
   */
  readonly capacity?: number | undefined;
  /**
   * The largest number of payload bytes that wait, a positive integer; for an operator also `Infinity`.
   * @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number | undefined;
  /**
   * The policy for a full buffer. `'error'` refuses incoming messages and puts one `BufferOverflowError` at the place
   * of the loss; `'drop-oldest'` evicts messages from the head; `'drop-incoming'` refuses incoming messages. A message that
   * is larger than `maxBytes` by itself is always the one that is lost, whatever the policy. `'replay'` loses no message of a
   * recoverable Channel: the Channel remembers its place, and reads on from its log when less than half of the buffer is in
   * use. Other messages are treated as by `'error'`.
   * @default 'error'
   */
  readonly overflow?: OverflowPolicy | undefined;
}

export type Bounds = { readonly [K in keyof BufferOptions]-?: NonNullable<BufferOptions[K]> };

const DEFAULTS: Bounds = { capacity: 16_384, maxBytes: 64 * 1024 * 1024, overflow: 'error' };
const POLICIES: readonly unknown[] = [
  'error',
  'drop-oldest',
  'drop-incoming',
  'replay',
] satisfies OverflowPolicy[];

/** Returns whether a full buffer with this policy refuses incoming values with an error. */
export function refusesWithError(policy: OverflowPolicy): boolean {
  return policy === 'error' || policy === 'replay';
}

/** Checks the options and fills in the defaults; accepts `Infinity` as a bound only if `unbounded` allows it. */
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
      "'error', 'drop-oldest', 'drop-incoming' or 'replay'",
      bounds.overflow,
    );
  }
  return bounds;
}
