import { asyncScheduler } from 'rxjs';
import { DistributedHub } from '../../../lib/cluster/distributed-hub.js';
import type { Watcher } from '../../../lib/hub/pub-sub-hub.js';
import type { Topology } from '../../../lib/cluster/topology.js';
import { READER_DEFAULTS, type ReaderMode } from '../../../lib/reader/reader-mode.js';
import { MemoryPubSub } from '../../../lib/testing/index.js';
import { consumerWith } from '../../support/consumer-with.js';
import { hasReader } from '../../support/has-reader.js';
import { MemoryNode } from '../../support/memory-node.js';
import { until } from '../../support/until.js';
import { createIdle } from '../reader/decoder-scene.js';

const HEARTBEAT = 20;

const hubs: DistributedHub[] = [];
const defaults = { ...READER_DEFAULTS };
afterEach(() => {
  Object.assign(READER_DEFAULTS, defaults);
  for (const hub of hubs.splice(0)) hub.onEnded();
});

/** Returns a hub on two servers; the first server owns every name until `move`. */
function twoServers() {
  let checks = 0;
  const nodeOf = () =>
    new MemoryNode({ CLIENT: () => Promise.resolve(`id=${++checks} sub=0 psub=0 ssub=1`) });
  const nodes = { old: nodeOf(), new: nodeOf() };
  let owner: keyof typeof nodes = 'old';
  const confirmedAt = asyncScheduler.now();
  const topology: Partial<Topology> = {
    stalenessMs: 0,
    unconfirmedSince: () => Infinity,
    confirmedAt,
    nodeFor: () => owner,
    open: (nodeLink) => nodes[nodeLink as keyof typeof nodes],
    pointsToWrongNode: () => false,
    isSound: () => Promise.resolve(true),
    refresh: () => Promise.resolve(owner === 'new'),
    settlingTime: () => 0,
    onLost: () => undefined,
    watch: () => undefined,
    unwatch: () => undefined,
  };
  const hub = new DistributedHub(new MemoryPubSub(), topology as Topology);
  hubs.push(hub);
  return { hub, nodes, confirmedAt, checks: () => checks, move: () => (owner = 'new') };
}

function watcherWith(callbacks: Partial<Watcher>): Watcher {
  return {
    heartbeat: HEARTBEAT,
    onDisconnected: () => undefined,
    onReconnected: () => undefined,
    onClientEnded: () => undefined,
    ...callbacks,
  };
}

describe('the hub of several servers', () => {
  it('begins a gap at the last confirmation, even if the previous server still reports no problem', async () => {
    const { hub, confirmedAt, checks, move } = twoServers();
    const gaps: number[] = [];
    const watcher = watcherWith({ onReconnected: (since) => gaps.push(since) });
    let isServed = false;
    const consumer = consumerWith({ onSubscribed: () => (isServed = true) });
    hub.watch(watcher);
    hub.attach('shard', 'north', consumer);
    await until(() => isServed && checks() > 2);
    move();
    await until(() => gaps.length > 0);
    hub.detach('shard', 'north', consumer, 'at-once');
    hub.unwatch(watcher);
    expect(gaps).toEqual([confirmedAt]);
  });

  it.each<[wanted: (ReaderMode | undefined)[], reader: ReaderMode]>([
    [[], 'fast'],
    [[undefined], 'fast'],
    [['fast'], 'fast'],
    [[undefined, 'fast', 'client'], 'client'],
  ])('has the reader that the watchers want: %j', (wanted, reader) => {
    READER_DEFAULTS.own = 'fast';
    const { hub } = twoServers();
    const watchers = wanted.map((mode) => watcherWith({ readerOf: (of) => (of === hub ? mode : undefined) }));
    for (const watcher of watchers) hub.watch(watcher);
    expect(hub.reader).toBe(reader);
    for (const watcher of watchers) hub.unwatch(watcher);
    expect(hub.reader).toBe('fast');
  });

  it('changes the reader of connections in use', async () => {
    READER_DEFAULTS.own = 'fast';
    const { hub, nodes } = twoServers();
    const client = createIdle({ version: 'redis 6', resp: 3 });
    Object.assign(nodes.old, { _getQueue: () => client._getQueue() });
    const [plain, careful] = [watcherWith({}), watcherWith({ readerOf: () => 'client' })];
    let isServed = false;
    const consumer = consumerWith({ onSubscribed: () => (isServed = true) });
    hub.watch(plain);
    hub.attach('shard', 'north', consumer);
    expect(hasReader(client)).toBe(true);
    await until(() => isServed);
    hub.watch(careful);
    expect(hasReader(client)).toBe(false);
    hub.unwatch(careful);
    expect(hasReader(client)).toBe(true);
    hub.detach('shard', 'north', consumer, 'at-once');
    hub.unwatch(plain);
  });

  it('does not move a listener that leaves during the move', async () => {
    const { hub, nodes, move } = twoServers();
    const watcher = watcherWith({});
    let isServed = false;
    let isReleased = false;
    const second = consumerWith({ onReleased: () => (isReleased = true) });
    const first = consumerWith({
      onSubscribed: () => (isServed = true),
      onReleased: () => hub.detach('shard', 'north', second, 'at-once'),
    });
    hub.watch(watcher);
    hub.attach('shard', 'north', first);
    await until(() => isServed);
    nodes.old.withhold();
    hub.detach('shard', 'north', first, 'at-once');
    hub.attach('shard', 'north', second);
    move();
    await until(() => isReleased);
    hub.unwatch(watcher);
    expect(nodes.new.subscriptions('shard')).toEqual([]);
  });
});
