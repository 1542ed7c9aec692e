import { EventEmitter } from 'node:events';
import type { NodeClient } from '../../../lib/cluster/node-client.js';
import { SentinelTopology, type SentinelClient } from '../../../lib/cluster/sentinel-topology.js';

const A = { host: '127.0.0.1', port: 1 };
const B = { host: '127.0.0.1', port: 2 };

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Returns the topology of a client that reports the master `own`, while the Sentinel reports `sentinel`. */
async function scene() {
  const masters: { own: object | undefined; sentinel: object } = { own: A, sentinel: A };
  let asked = 0;
  const duplicate = () => {
    asked++;
    return Object.assign(new EventEmitter(), {
      isOpen: true,
      connect: () => Promise.resolve(),
      destroy: () => Promise.resolve(),
      getMasterNode: () => masters.sentinel,
    });
  };
  const node = { duplicate: () => node, sendCommand: () => Promise.resolve(['role', 'master']) };
  const client = Object.assign(new EventEmitter(), {
    isOpen: true,
    getMasterNode: () => masters.own,
    duplicate,
    _execute: (_: unknown, work: (client: unknown) => unknown) => work(node),
  });
  const topology = new SentinelTopology(client as unknown as SentinelClient);
  topology.watch({ onChange: () => undefined, onEnded: () => undefined });
  await topology.refresh();
  await jest.advanceTimersByTimeAsync(0);
  topology.open();
  const heartbeat = async () => {
    await jest.advanceTimersByTimeAsync(5_000);
    await topology.refresh();
    await jest.advanceTimersByTimeAsync(0);
  };
  const isSound = () => topology.isSound('master', node as unknown as NodeClient);
  return { masters, topology, heartbeat, isSound, asked: () => asked };
}

describe('the topology of a Sentinel set', () => {
  it('stops asking when the client knows a master again', async () => {
    const { masters, topology, heartbeat, isSound, asked } = await scene();
    topology.onLost();
    masters.own = undefined;
    await heartbeat();
    expect(asked()).toBe(1);
    topology.open();
    await isSound();
    masters.own = A;
    await heartbeat();
    await heartbeat();
    expect(asked()).toBe(1);
    expect(topology.unconfirmedSince()).toBe(Infinity);
  });

  it('keeps asking while the client stays on a deposed master', async () => {
    const { masters, topology, heartbeat, isSound, asked } = await scene();
    topology.onLost();
    masters.sentinel = B;
    await heartbeat();
    expect(topology.pointsToWrongNode()).toBe(true);
    topology.open();
    await isSound();
    await heartbeat();
    await heartbeat();
    expect(asked()).toBe(3);
    masters.own = B;
    await heartbeat();
    await heartbeat();
    expect(asked()).toBe(3);
    expect(topology.unconfirmedSince()).toBe(Infinity);
  });
});
