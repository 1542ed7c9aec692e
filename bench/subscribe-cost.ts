import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { enter, type Contestant, type Entry } from './contestant.js';
import type { Cost } from './measured/protocol.js';
import type { Run } from './measured-process.js';
import type { Options } from './options.js';
import { inRounds } from './rounds.js';
import { tableOf, type Table } from './table.js';

export const ENTRIES: readonly Entry[] = [
  { title: 'one variadic call', way: 'variadic', as: 'reference' },
  { title: 'one variadic call again', way: 'variadic', as: 'control' },
  { title: 'un-awaited calls', way: 'calls', as: 'reference' },
  { title: 'merge of naive Observables', way: 'merge', as: 'baseline' },
  { title: 'ioredis 5, one variadic call', way: 'ioredis5', as: 'baseline' },
  { title: 'ioredis 6, one variadic call', way: 'ioredis6', as: 'baseline' },
  { title: 'graphql-redis-subscriptions', way: 'graphql', as: 'baseline' },
  { title: 'Receiver, connect()', way: 'connect', as: 'receiver' },
  { title: 'Receiver, channel() and connect()', way: 'registerAndConnect', as: 'receiver' },
  { title: 'Receiver, each Channel observed', way: 'observe', as: 'receiver' },
];

const SUBSCRIBE = 0;
const RELEASE = 1;

/** Measures the time to subscribe many channels, and to release them. */
export async function subscribeCost(
  options: Options,
  url: string,
  snapshots: readonly string[],
): Promise<readonly Table[]> {
  const field = enter(ENTRIES, snapshots, options.only);
  const results = await inRounds<Cost>({
    rounds: options.rounds,
    contestants: field.contestants,
    run: runOf('subscribe-channels', options, url),
    turns: 2,
    warmUp: 0,
    turn: async (process) => (await process.ask('cost')).cost,
  });
  const figure = (what: string, of: (turns: readonly Cost[]) => number) =>
    tableOf({ what, where: channelsOf(options), unit: 'ms', of, digits: 1 }, field, results);
  return [
    figure('Subscribing', (turns) => turns[SUBSCRIBE]!.wall),
    figure('CPU of subscribing', (turns) => turns[SUBSCRIBE]!.cpu),
    figure('Releasing', (turns) => turns[RELEASE]!.wall),
  ];
}

/** Measures the heap that a channel holds while no message arrives. */
export async function idleMemory(
  options: Options,
  url: string,
  snapshots: readonly string[],
): Promise<readonly Table[]> {
  const field = enter(ENTRIES, snapshots, options.only);
  const results = await inRounds<number>({
    rounds: options.rounds,
    contestants: field.contestants,
    run: (contestant) => ({ ...runOf('hold-channels', options, url)(contestant), flags: ['--expose-gc'] }),
    turns: 1,
    warmUp: 0,
    turn: async (process) => (await process.ask('heap')).bytes / options.subscriptions,
  });
  const of = (turns: readonly number[]) => turns[0]!;
  const figure = { what: 'Heap an idle channel', where: channelsOf(options), unit: 'bytes', of, digits: 0 };
  return [tableOf(figure, field, results)];
}

/** Measures the time from the kill of a subscriber's connection until the subscriber has all its channels again. */
export async function recovery(
  options: Options,
  url: string,
  snapshots: readonly string[],
): Promise<readonly Table[]> {
  const field = enter(ENTRIES, snapshots, options.only);
  const admin = await createClient({ url }).connect();
  const results = await inRounds<number>({
    rounds: options.rounds,
    contestants: field.contestants,
    run: (contestant) => ({ ...runOf('hold-channels', options, url)(contestant), flags: ['--expose-gc'] }),
    turns: 2,
    warmUp: 1,
    turn: async (process, turn) => {
      if (turn === 0) return (await process.ask('heap')).bytes;
      const { prefix } = process.contestant;
      const subscriber = (await admin.clientList()).find(({ name }) => name === prefix);
      await admin.clientKill({ filter: 'ID', id: subscriber!.id });
      const killed = performance.now();
      while ((await admin.pubSubChannels(`${prefix}*`)).length < options.subscriptions) await delay(5);
      return performance.now() - killed;
    },
  });
  admin.destroy();
  const of = (turns: readonly number[]) => turns[0]!;
  const figure = { what: 'Restored after a kill', where: channelsOf(options), unit: 'ms', of, digits: 0 };
  return [tableOf(figure, field, results)];
}

function channelsOf({ subscriptions }: Options): string {
  return `${subscriptions.toLocaleString('en')} channels`;
}

function runOf(script: Run['script'], { subscriptions, profile }: Options, url: string) {
  return (contestant: Contestant): Run => ({
    contestant,
    script,
    task: { url, way: contestant.way, prefix: contestant.prefix, channels: subscriptions },
    profile,
  });
}
