import { parseArgs } from 'node:util';

export interface Options {
  /** Number of runs of each contestant. */
  readonly rounds: number;
  /** Messages, or values of the part `handlers`, that are measured in one run. */
  readonly messages: number;
  /** Messages before the measured ones, until other threads have compiled the code and the heap has its size. */
  readonly warmUp: number;
  /** Channels that receive the messages in turn. */
  readonly channels: number;
  /** True if one pattern takes all channels. */
  readonly byPattern: boolean;
  /** Bytes of a payload. */
  readonly payload: number;
  /** Channels that the parts `subscribing`, `memory` and `recovery` subscribe. */
  readonly subscriptions: number;
  /** Parts to measure. */
  readonly parts: readonly Part[];
  /** True to measure messages under all conditions, and not only under these. */
  readonly isGrid: boolean;
  /** Folder for tables and plots. */
  readonly save: string | undefined;
  /** Texts in the titles of the contestants to run, beside the ones that they are compared with. */
  readonly only: readonly string[];
  /** Path of another checkout, whose Receiver runs beside the Receiver of this one. */
  readonly compare: string | undefined;
  /** Folder for the CPU profile of each run. */
  readonly profile: string | undefined;
}

const PARTS = ['messages', 'latency', 'handlers', 'subscribing', 'memory', 'recovery'] as const;
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
      only: { type: 'string', multiple: true, default: [''] },
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
