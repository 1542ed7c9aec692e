import { stat } from 'node:fs/promises';
import { Lane, type LaneHost } from '../lib/hub/lane.js';
import type { NodeClient } from '../lib/hub/node-client.js';
import type { Topology } from '../lib/hub/topology.js';
import { MemoryPubSub } from '../lib/testing/index.js';
import { until } from './support/until.js';

const PATIENCE = 40;

/** Answers as soon as the event loop comes to what has been received. */
class Node extends MemoryPubSub {
  answers = true;

  override connect(): Promise<this> {
    return Promise.resolve(this);
  }

  override duplicate(): never {
    throw new Error('not needed');
  }

  async sendCommand(): Promise<unknown> {
    if (!this.answers) return new Promise(() => undefined);
    await received();
    return 'id=1 sub=0 psub=0 ssub=0';
  }
}

/** Resolves in the phase of the event loop in which sockets are read. */
const received = () => stat(__filename);

const HOST: LaneHost = {
  patience: PATIENCE,
  onTrouble: () => undefined,
  onMoved: () => undefined,
  onRedirected: () => undefined,
  onRemoved: () => undefined,
};

describe('a lane', () => {
  let node: Node;
  let lane: Lane;

  beforeEach(async () => {
    node = new Node();
    let isFirst = true;
    const open = () => {
      if (!isFirst) return undefined;
      isFirst = false;
      return node as unknown as NodeClient;
    };
    const topology = {
      belief: 0,
      open,
      isSound: () => Promise.resolve(true),
      onLost: () => undefined,
      settlingTime: () => 0,
    };
    lane = new Lane('a', topology as Partial<Topology> as Topology, HOST);
    await until(() => lane.isOnline);
  });

  afterEach(() => lane.close());

  it('keeps a connection whose answer waits only for this process, however long that was busy', async () => {
    // Behind what was received, timers come next: before what has been received meanwhile.
    await received();
    const looked = lane.look();
    const end = performance.now() + 3 * PATIENCE;
    while (performance.now() < end);
    await looked;
    expect(lane.isOnline).toBe(true);
  });

  it('gives up one that does not answer', async () => {
    node.answers = false;
    void lane.look();
    await until(() => !lane.isOnline);
    expect(node.isOpen).toBe(false);
  });
});
