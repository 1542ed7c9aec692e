import fc from 'fast-check';
import { filter, from, lastValueFrom, map, merge, mergeMap, tap, toArray } from 'rxjs';
import type { Observable } from 'rxjs';
import { iterate } from '../../lib/operators/iterate.js';
import { mergeMapBounded } from '../../lib/operators/merge-map-bounded.js';
import { PacedSource } from '../support/paced-source.js';
import { rounds } from '../support/rounds.js';

interface Scenario {
  /** Number of values of each source. */
  readonly sources: readonly number[];
  readonly burst: number;
  readonly chain: readonly ('map' | 'filter' | 'mergeMap')[];
  readonly capacity: number;
  readonly maxBytes: number;
  readonly concurrent: number;
  /** Number of keys; 0 stands for an operator without keys. */
  readonly keys: number;
  /** Microtasks for each value in turn; 0 makes its project synchronous. */
  readonly delays: readonly number[];
}

interface Value {
  readonly id: number;
  readonly data: string;
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  sources: fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 3 }),
  burst: fc.constantFrom(1, 2, 7, Infinity),
  chain: fc.array(fc.constantFrom('map' as const, 'filter' as const, 'mergeMap' as const), { maxLength: 4 }),
  capacity: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constant(Infinity)),
  maxBytes: fc.oneof(fc.integer({ min: 5, max: 30 }), fc.constant(Infinity)),
  concurrent: fc.constantFrom(1, 2, 3, Infinity),
  keys: fc.nat(3),
  delays: fc.array(fc.nat(6), { minLength: 1, maxLength: 8 }),
});

const isKept = ({ id }: Value): boolean => id % 7 !== 3;

/** Returns the sources, the ids that have to arrive in the order of each source, and the chain behind the sources. */
function build({ sources, burst, chain }: Scenario) {
  let next = 0;
  const lists = sources.map((count) =>
    Array.from({ length: count }, (): Value => ({ id: next++, data: 'x'.repeat(next % 6) })),
  );
  const flows = lists.map((list) => new PacedSource(list, { burst }));
  const hasFilter = chain.includes('filter');
  const expected = lists.map((list) => (hasFilter ? list.filter(isKept) : list).map(({ id }) => id));
  let stream: Observable<Value> = merge(...flows);
  for (const step of chain) {
    if (step === 'map') stream = stream.pipe(map((value) => ({ ...value })));
    else if (step === 'filter') stream = stream.pipe(filter(isKept));
    else stream = stream.pipe(mergeMap((value) => from([value])));
  }
  return { flows, expected, stream };
}

/** Awaits the microtasks for a value. */
async function delay({ delays }: Scenario, id: number): Promise<void> {
  for (let left = delays[id % delays.length] as number; left > 0; left--) await Promise.resolve();
}

/** Returns the largest number of values that may wait: a source that delivers to a full line has one value too many there. */
function mostWaiting({ sources, capacity }: Scenario): number {
  return capacity + sources.length - 1;
}

/** Returns the ids of each source, in the order of the list. */
function bySource(expected: readonly number[][], ids: readonly number[]): number[][] {
  return expected.map((own) => ids.filter((id) => own.includes(id)));
}

describe('a source that can wait', () => {
  it('loses nothing through mergeMapBounded, and keeps its bounds and the order', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { flows, expected, stream } = build(scenario);
        const { keys, capacity, maxBytes, concurrent, delays } = scenario;
        const keyOf = ({ id }: Value): number => id % keys;
        const started: number[] = [];
        let arrived = 0;
        let most = 0;
        const results = stream.pipe(
          tap(() => arrived++),
          mergeMapBounded(
            (value) => {
              started.push(value.id);
              const result = [value.id];
              return delays[value.id % delays.length] === 0
                ? result
                : delay(scenario, value.id).then(() => value.id);
            },
            { capacity, maxBytes, concurrent, key: keys > 0 ? keyOf : undefined },
          ),
          toArray(),
        );
        for (const flow of flows) {
          const hold = flow.hold.bind(flow);
          // The line is full at most at this moment: no further value of this source follows.
          flow.hold = (holder) => {
            most = Math.max(most, arrived - started.length);
            hold(holder);
          };
        }
        const ids = await lastValueFrom(results);
        expect([...ids].sort((a, b) => a - b)).toEqual(expected.flat());
        const lanes = Array.from({ length: keys || 1 }, (_, lane) => lane);
        for (const lane of lanes) {
          const inLane = (id: number): boolean => keys === 0 || id % keys === lane;
          expect(bySource(expected, started.filter(inLane))).toEqual(
            expected.map((own) => own.filter(inLane)),
          );
        }
        expect(most).toBeLessThanOrEqual(mostWaiting(scenario));
        expect(flows.some(({ isHeld }) => isHeld)).toBe(false);
      }),
      { numRuns: rounds(1_000) },
    );
  });

  it('loses nothing through iterate, and keeps its bounds and the order', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { flows, expected, stream } = build(scenario);
        const { capacity, maxBytes } = scenario;
        let arrived = 0;
        const ids: number[] = [];
        for await (const { id } of iterate(stream.pipe(tap(() => arrived++)), { capacity, maxBytes })) {
          ids.push(id);
          expect(arrived - ids.length).toBeLessThanOrEqual(mostWaiting(scenario));
          await delay(scenario, id);
        }
        expect(bySource(expected, ids)).toEqual(expected);
        expect(ids).toHaveLength(expected.flat().length);
        expect(flows.some(({ isHeld }) => isHeld)).toBe(false);
      }),
      { numRuns: rounds(1_000) },
    );
  });
});
