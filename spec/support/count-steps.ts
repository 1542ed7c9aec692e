type Method = (this: { readonly length?: number; readonly size?: number }, ...args: unknown[]) => unknown;

/** Methods that visit every element: a call counts one step per element. */
const WHOLE_METHODS: readonly (readonly [object, readonly string[]])[] = [
  [
    Array.prototype,
    [
      'concat',
      'every',
      'filter',
      'find',
      'findIndex',
      'flatMap',
      'forEach',
      'includes',
      'indexOf',
      'join',
      'map',
    ],
  ],
  [Array.prototype, ['reduce', 'shift', 'slice', 'some', 'sort', 'splice', 'toSorted', 'unshift']],
  [Map.prototype, ['forEach']],
  [Set.prototype, ['forEach']],
];

/**
 * Prototypes of the iterators, whose `next` counts one step: loops, spread elements, and collections made from an
 * iterable.
 */
const ITERATORS = [[], new Map(), new Set()].map(
  (it) => Object.getPrototypeOf(it[Symbol.iterator]()) as object,
);

/**
 * Counts the elements of arrays, Maps and Sets that `work` and the promises in it visit: a measure of its cost that
 * does not depend on the clock or the load of the machine. Loops over an index are not counted.
 */
export async function countSteps(work: () => unknown): Promise<number> {
  let steps = 0;
  const restore: (() => void)[] = [];
  const replace = (owner: object, name: string, cost: (it: { length?: number; size?: number }) => number) => {
    const methods = owner as Record<string, Method>;
    const original = methods[name] as Method;
    methods[name] = function (...args) {
      steps += cost(this);
      return original.apply(this, args);
    };
    restore.push(() => (methods[name] = original));
  };
  for (const [owner, names] of WHOLE_METHODS)
    for (const name of names) replace(owner, name, ({ length, size }) => length ?? size ?? 0);
  for (const iterator of ITERATORS) replace(iterator, 'next', () => 1);
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return steps;
}
