import fc from 'fast-check';
import { RedisServer } from '../support/redis-server.js';
import { rounds } from '../support/rounds.js';
import { GroupTraffic } from './model/group-traffic.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_271_128);
const RUNS = rounds(200, 20);

jest.setTimeout(900_000);

type Step = (traffic: GroupTraffic) => unknown;

const named = (name: string, step: Step): Step => Object.assign(step, { toString: () => name });
const count = fc.integer({ min: 1, max: 12 });
const keep = fc.nat(6);
const consumer = fc.nat(1);

const add = count.map((many) => named(`add ${many}`, (t) => t.add(many)));
const addAndTrim = fc
  .tuple(count, keep)
  .map(([many, rest]) => named(`add ${many}, keep ${rest}`, (t) => t.add(many, rest)));
const addEach = fc
  .tuple(count, keep)
  .map(([many, rest]) => named(`add ${many} one by one, keep ${rest}`, (t) => t.addEach(many, rest)));
const trim = keep.map((rest) => named(`trim ${rest}`, (t) => t.trim(rest)));
const take = consumer.map((index) => named(`take ${index}`, (t) => t.take(index)));
const kill = fc.constant(named('kill', (t) => t.kill()));
const pause = consumer.map((index) => named(`pause ${index}`, (t) => t.pause(index)));

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: add },
    { weight: 2, arbitrary: addAndTrim },
    { weight: 4, arbitrary: addEach },
    { weight: 3, arbitrary: trim },
    { weight: 8, arbitrary: take },
    { weight: 8, arbitrary: pause },
    { weight: 1, arbitrary: kill },
  ),
  { minLength: 10, maxLength: 50, size: 'max' },
);

describe('a group', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server.stop());

  it(`delivers each entry, or counts it as missing (seed ${SEED})`, async () => {
    const property = fc.asyncProperty(steps, async (list) => {
      await using traffic = await GroupTraffic.start(server);
      for (const step of list) await step(traffic);
      const { added, accounted, unknown } = await traffic.settle();
      const hasKill = list.some((step) => String(step) === 'kill');
      if (!hasKill) {
        expect({ accounted, unknown }).toEqual({ accounted: added, unknown: 0 });
        return;
      }
      // A gap has no number where a reply was lost with its connection, and it may be about entries that are received late.
      if (unknown === 0) expect(accounted).toBeGreaterThanOrEqual(added);
    });
    // A counterexample of a real server is rarely found again: it is reported as it is.
    await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
  });
});
