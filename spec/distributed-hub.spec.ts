import { asyncScheduler } from 'rxjs';
import type { Consumer } from '../lib/hub/consumer.js';
import { DistributedHub } from '../lib/hub/distributed-hub.js';
import type { Watcher } from '../lib/hub/pub-sub-hub.js';
import type { Topology } from '../lib/hub/topology.js';
import { MemoryPubSub } from '../lib/testing/index.js';
import { MemoryNode } from './support/memory-node.js';
import { until } from './support/until.js';

const HEARTBEAT = 20;

describe('the hub of several servers', () => {
  it('begins a gap when all was last confirmed, though the server that was left says that all is in order', async () => {
    let looks = 0;
    const nodeOf = () =>
      new MemoryNode({ CLIENT: () => Promise.resolve(`id=${++looks} sub=0 psub=0 ssub=1`) });
    const nodes = new Map([
      ['old', nodeOf()],
      ['new', nodeOf()],
    ]);
    let owner = 'old';
    const confirmedAt = asyncScheduler.now();
    const topology: Partial<Topology> = {
      belief: 0,
      confirmedAt,
      laneOf: () => owner,
      open: (lane) => nodes.get(lane),
      isMisled: () => false,
      isSound: () => Promise.resolve(true),
      refresh: () => Promise.resolve(owner === 'new'),
      settlingTime: () => 0,
      watch: () => undefined,
      unwatch: () => undefined,
    };
    const hub = new DistributedHub(new MemoryPubSub(), topology as Topology);
    const gaps: number[] = [];
    const watcher: Watcher = {
      heartbeat: HEARTBEAT,
      onDisconnected: () => undefined,
      onReconnected: (since) => gaps.push(since),
      onClientEnded: () => undefined,
    };
    let isServed = false;
    const consumer: Consumer = {
      binary: false,
      receive: () => undefined,
      onSubscribed: () => (isServed = true),
      onInterrupted: () => undefined,
      onReleased: () => undefined,
      onRefused: () => undefined,
      onEnded: () => undefined,
    };
    hub.watch(watcher);
    hub.attach('shard', 'north', consumer);
    await until(() => isServed && looks > 2);
    owner = 'new';
    await until(() => gaps.length > 0);
    hub.detach('shard', 'north', consumer, 'at-once');
    hub.unwatch(watcher);
    expect(gaps).toEqual([confirmedAt]);
  });
});
