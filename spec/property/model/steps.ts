import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { asyncScheduler } from 'rxjs';
import { BOUNDS, CODEC_NAMES } from './codecs.js';
import { CALLBACKS, type Callback, type ModelAction, type Plan } from './model-receiver.js';
import type { Fault, FaultLevel } from './redis-under-test.js';
import { SUBJECTS, TARGETS, type Target } from './subjects.js';
import type { Simulation } from './simulation.js';

/**
 * The wait before an event: a number of microtasks, a turn of the event loop, timers, a round trip, or all deliveries.
 */
type Pause = number | 'turn' | 'timers' | 'round trip' | 'sync' | 'settle';

type Event =
  | { readonly publish: readonly Target[] }
  | { readonly receiver: number; readonly action: ModelAction; readonly inside?: Callback }
  | { readonly receiver: number; readonly action: ModelAction; readonly slowly: number }
  | { readonly fault: Fault };

export interface Step {
  readonly pause: Pause;
  readonly event: Event;
}

export interface Scenario {
  readonly plans: readonly Plan[];
  readonly steps: readonly Step[];
  readonly endings: readonly ('stop' | 'drain')[];
}

const codecs = fc.constantFrom(...CODEC_NAMES);
const bounds = Object.keys(BOUNDS) as (keyof typeof BOUNDS)[];

const plans: fc.Arbitrary<Plan> = fc.record({
  codec: codecs,
  bounds: fc.oneof(
    { weight: 3, arbitrary: fc.constant('default bounds' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...bounds) },
  ),
  autoStop: fc.boolean(),
});

/** The subjects of actions: mostly the same few, so that Receivers share names. */
const subjects = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SUBJECTS.slice(0, 1), ...SUBJECTS.slice(3, 4)) },
  { weight: 2, arbitrary: fc.constantFrom(...SUBJECTS) },
);
const slots = fc.constantFrom(0 as const, 1 as const);

const actions: fc.Arbitrary<ModelAction> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('register' as const),
      subject: subjects,
      codec: fc.option(codecs, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), subject: subjects }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('observe' as const, 'observe' as const, 'leave' as const, 'reobserve' as const),
      subject: subjects,
      slot: slots,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('connect' as const, 'watch' as const, 'unwatch' as const, 'rewatch' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('stop' as const, 'drain' as const) }) },
);

const pauses: fc.Arbitrary<Pause> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 5, arbitrary: fc.constantFrom('turn' as const, 'timers' as const, 'round trip' as const) },
  { weight: 2, arbitrary: fc.constantFrom('sync' as const, 'settle' as const) },
);

const kill: fc.Arbitrary<Fault> = fc.constant({ do: 'kill' as const });

function unsubscribes(...ways: readonly ('name' | 'all' | 'raw')[]): fc.Arbitrary<Fault> {
  return fc.record({
    do: fc.constant('unsubscribe' as const),
    how: fc.constantFrom(...ways),
    subject: subjects,
  });
}

const directions = fc.constantFrom('to-server' as const, 'to-client' as const);
const networkFaults: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ do: 'reset' as const }),
  fc.record({
    do: fc.constantFrom('cutAfter' as const, 'split' as const),
    bytes: fc.integer({ min: 1, max: 200 }),
    direction: directions,
  }),
  fc.record({
    do: fc.constantFrom('hold' as const, 'swallow' as const, 'release' as const, 'release' as const),
    direction: directions,
  }),
);

/** The faults of each level, with their weights; publishing has the weight 4. */
const FAULTS: Readonly<
  Record<FaultLevel, readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Fault> }[]>
> = {
  none: [],
  unsubscribes: [{ weight: 3, arbitrary: unsubscribes('name', 'name', 'all') }],
  kills: [
    { weight: 2, arbitrary: kill },
    { weight: 2, arbitrary: unsubscribes('name', 'all') },
  ],
  network: [
    { weight: 2, arbitrary: kill },
    { weight: 4, arbitrary: networkFaults },
    { weight: 1, arbitrary: unsubscribes('name', 'all', 'raw') },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('throw' as const, 'garble' as const) }) },
  ],
  // A client that was moved does not survive the loss of its next connection, so no fault ends connections here.
  moves: [
    { weight: 3, arbitrary: fc.constant({ do: 'move' as const }) },
    { weight: 1, arbitrary: unsubscribes('name') },
  ],
  refusals: [
    { weight: 1, arbitrary: kill },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('forbid' as const, 'permit' as const), subject: subjects }),
    },
  ],
};

/** The faults where the client's own connections carry no subscriptions. */
const DISTRIBUTED_FAULTS: Partial<typeof FAULTS> = {
  unsubscribes: [
    { weight: 2, arbitrary: unsubscribes('name', 'all') },
    { weight: 1, arbitrary: fc.constant({ do: 'move' as const }) },
  ],
  kills: [
    { weight: 2, arbitrary: kill },
    { weight: 2, arbitrary: fc.constant({ do: 'garble' as const }) },
  ],
};

function events(receivers: number, faults: (typeof FAULTS)[FaultLevel]): fc.Arbitrary<Event> {
  const receiver = fc.nat(receivers - 1);
  const inside = fc.constantFrom(...CALLBACKS);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        publish: fc.array(fc.constantFrom(...TARGETS), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 10, arbitrary: fc.record({ receiver, action: actions }) },
    { weight: 6, arbitrary: fc.record({ receiver, action: actions, inside }) },
    {
      weight: 2,
      arbitrary: fc.record({ receiver, action: actions, slowly: fc.integer({ min: 1, max: 6 }) }),
    },
    ...faults.map(({ weight, arbitrary }) => ({
      weight,
      arbitrary: arbitrary.map((fault) => ({ fault })),
    })),
  );
}

export function scenarios(
  faultLevel: FaultLevel,
  servers: 'one server' | 'several servers' = 'one server',
): fc.Arbitrary<Scenario> {
  const faults =
    (servers === 'several servers' ? DISTRIBUTED_FAULTS[faultLevel] : undefined) ?? FAULTS[faultLevel];
  return fc.integer({ min: 2, max: 3 }).chain((receivers) => {
    const each = { minLength: receivers, maxLength: receivers };
    return fc.record({
      plans: fc.array(plans, each),
      steps: fc.array(fc.record({ pause: pauses, event: events(receivers, faults) }), {
        maxLength: 40,
        size: 'max',
      }),
      endings: fc.array(fc.constantFrom('stop' as const, 'drain' as const), each),
    });
  });
}

export async function runStep(
  { pause, event }: Step,
  simulation: Simulation,
  roundTrip: () => Promise<unknown>,
): Promise<void> {
  await wait(pause, simulation, roundTrip);
  if ('publish' in event) for (const target of event.publish) simulation.publish(target);
  else if ('fault' in event) await simulation.applyFault(event.fault);
  else if ('slowly' in event)
    await simulation.receivers[event.receiver]!.actSlowly(event.action, () => microtasks(event.slowly));
  else if (event.inside) simulation.receivers[event.receiver]!.reactTo(event.inside, event.action);
  else simulation.receivers[event.receiver]!.act(event.action);
  simulation.throwComplaints();
}

async function wait(pause: Pause, simulation: Simulation, roundTrip: () => Promise<unknown>): Promise<void> {
  if (typeof pause === 'number') await microtasks(pause);
  else if (pause === 'turn') await turn();
  else if (pause === 'timers')
    await new Promise<void>((resolve) => void asyncScheduler.schedule(() => resolve()));
  else if (pause === 'round trip') await roundTrip();
  else await simulation[pause]();
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}
