import fc from 'fast-check';
import { type Step, NumberedListener } from '../support/numbered-listener.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_260_403);
const RUNS = Number(process.env.PROPERTY_RUNS ?? 1_000);

const happenings: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ publish: fc.constantFrom('a' as const, 'b' as const, 'c' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('disconnect' as const, 'reconnect' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('withhold' as const, 'acknowledgeNext' as const, 'acknowledge' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('revoke' as const, 'permit' as const, 'failToReconnect' as const),
    }),
  },
);

it(`after any faults of the connection, a gap stands where messages are missing (seed ${SEED})`, async () => {
  const property = fc.asyncProperty(fc.array(happenings, { maxLength: 40, size: 'max' }), async (list) => {
    const listener = new NumberedListener();
    for (const happening of list) listener.apply(happening);
    await listener.recover();
    expect(listener.faults()).toEqual([]);
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
});
