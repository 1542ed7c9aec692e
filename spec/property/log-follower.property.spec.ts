import fc from 'fast-check';
import { rounds } from '../support/rounds.js';
import { FollowedLog } from './model/followed-log.js';

const SEED = Number(process.env.PROPERTY_SEED ?? 20_270_114);
const RUNS = rounds(20_000, 1_000);

type Step = (log: FollowedLog) => unknown;

const named = (name: string, step: Step): Step => Object.assign(step, { toString: () => name });
const some = (weight: number, ...steps: Step[]) => ({ weight, arbitrary: fc.constantFrom(...steps) });
const STEPS = {
  publish: named('publish', (log) => log.publish()),
  execute: named('execute', (log) => log.execute()),
  reply: named('reply', (log) => log.reply()),
  arrive: named('arrive', (log) => log.arrive()),
  take: named('take', (log) => log.take()),
  disconnect: named('disconnect', (log) => log.disconnect()),
  reconnect: named('reconnect', (log) => log.reconnect()),
  subscribe: named('subscribe', (log) => log.subscribe()),
  unsubscribe: named('unsubscribe', (log) => log.unsubscribe()),
  unsubscribeInside: named('unsubscribeInside', (log) => log.onNext(() => log.unsubscribe())),
  disconnectInside: named('disconnectInside', (log) => log.onNext(() => log.disconnect())),
  publishInside: named('publishInside', (log) => log.onNext(() => log.publish())),
  delete: named('delete', (log) => log.delete()),
};
const trim = fc.integer({ min: 0, max: 4 }).map((keep) => named(`trim ${keep}`, (log) => log.trim(keep)));
const remove = fc.nat(9).map((index) => named(`remove ${index}`, (log) => log.removeEntry(index)));
const rewind = fc
  .integer({ min: 1, max: 4 })
  .map((count) => named(`rewind ${count}`, (log) => log.rewind(count)));

const steps = fc.array(
  fc.oneof(
    some(20, STEPS.publish),
    some(20, STEPS.execute, STEPS.reply),
    some(12, STEPS.arrive, STEPS.take),
    some(6, STEPS.disconnect, STEPS.reconnect),
    some(4, STEPS.subscribe, STEPS.unsubscribe),
    some(3, STEPS.unsubscribeInside, STEPS.publishInside, STEPS.disconnectInside),
    some(2, STEPS.delete),
    { weight: 3, arbitrary: fc.oneof(trim, remove) },
    { weight: 2, arbitrary: rewind },
  ),
  { maxLength: 80, size: 'max' },
);

it(`a follower delivers what the log has, and tells what it has lost (seed ${SEED})`, () => {
  const property = fc.property(fc.constantFrom('new' as const, 'start' as const), steps, (from, list) => {
    const log = new FollowedLog(from);
    log.publish();
    log.subscribe();
    log.settle();
    for (const step of list) step(log);
    log.settle();
    expect(log.faults()).toEqual([]);
  });
  fc.assert(property, { seed: SEED, numRuns: RUNS });
});

/** Interleavings that random steps rarely find. */
const RARE: readonly (readonly [string, string])[] = [
  [
    'the log is deleted behind messages that it had lost before',
    'disconnect publish trim reconnect execute reply execute delete publish arrive',
  ],
  [
    'a first message of the new epoch arrives, and is no longer in the log',
    'disconnect publish delete reconnect publish remove arrive',
  ],
  [
    'a message that arrives is read from a log that then loses its end',
    'rewind reconnect execute publish reply arrive publish execute rewind',
  ],
  [
    'a message that was read arrives before the log loses its end',
    'disconnect reconnect publish publish publish publish execute reply execute reply arrive rewind2',
  ],
];
const NAMED: Readonly<Record<string, Step>> = {
  ...STEPS,
  trim: (log) => log.trim(0),
  remove: (log) => log.removeEntry(0),
  rewind: (log) => log.rewind(1),
  rewind2: (log) => log.rewind(2),
};

it.each(RARE)('a follower tells what is missing when %s', (_, list) => {
  const log = new FollowedLog();
  log.publish();
  log.subscribe();
  log.settle();
  for (const name of list.split(' ')) NAMED[name]!(log);
  log.settle();
  expect(log.faults()).toEqual([]);
});
