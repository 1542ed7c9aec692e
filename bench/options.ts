import { parseArgs } from 'node:util';

export interface Options {
  /** How often each contestant runs. */
  readonly rounds: number;
  /** Messages that are measured in one run. */
  readonly messages: number;
  /** Messages before those: until the code is compiled, which other threads do meanwhile, and the heap has its size. */
  readonly warmUp: number;
  /** Channels that the messages go round. */
  readonly channels: number;
  /** Whether one pattern takes them all. */
  readonly byPattern: boolean;
  /** Bytes of a message. */
  readonly payload: number;
  /** Channels that the second part subscribes. */
  readonly subscriptions: number;
  /** What is measured. */
  readonly parts: readonly Part[];
  /** Whether messages are measured at all sizes, and not only at this one. */
  readonly isGrid: boolean;
  /** A folder for tables and plots. */
  readonly save: string | undefined;
  /** Runs only the contestants whose title contains this, and those that they are compared with. */
  readonly only: string;
  /** Another checkout, whose Receiver runs beside this one's. */
  readonly compare: string | undefined;
  /** A folder for the CPU profile of each run. */
  readonly profile: string | undefined;
}

const PARTS = ['messages', 'latency', 'subscribing', 'memory', 'recovery'] as const;
export type Part = (typeof PARTS)[number];

const SMALLEST_PAYLOAD = 16;

export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      messages: { type: 'string', default: '600000' },
      'warm-up': { type: 'string', default: '1000000' },
      channels: { type: 'string', default: '100' },
      pattern: { type: 'boolean', default: false },
      payload: { type: 'string', default: '256' },
      subscriptions: { type: 'string', default: '10000' },
      part: { type: 'string', multiple: true, default: [...PARTS] },
      grid: { type: 'boolean', default: false },
      save: { type: 'string' },
      only: { type: 'string', default: '' },
      compare: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  return {
    rounds: number('rounds', values.rounds, 1),
    messages: number('messages', values.messages, 1),
    warmUp: number('warm-up', values['warm-up'], 0),
    channels: number('channels', values.channels, 1),
    byPattern: values.pattern,
    payload: number('payload', values.payload, SMALLEST_PAYLOAD),
    subscriptions: number('subscriptions', values.subscriptions, 1),
    parts: values.part.map(part),
    isGrid: values.grid,
    save: values.save,
    only: values.only,
    compare: values.compare,
    profile: values.profile,
  };
}

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new TypeError(`expected --${name} to be a whole number of at least ${least}, got ${text}`);
}

function part(text: string): Part {
  const known = PARTS.find((one) => one === text);
  if (known) return known;
  throw new TypeError(`expected --part to be one of ${PARTS.join(', ')}, got ${text}`);
}
