import { stat } from 'node:fs/promises';
import { NodeLink, type NodeLinkHost } from '../../../lib/cluster/node-link.js';
import type { Topology } from '../../../lib/cluster/topology.js';
import type { ReaderMode } from '../../../lib/reader/reader-mode.js';
import { hasReader } from '../../support/has-reader.js';
import { MemoryNode } from '../../support/memory-node.js';
import { until } from '../../support/until.js';
import { createIdle } from '../reader/decoder-scene.js';

const PATIENCE = 40;

/** Resolves in the phase of the event loop in which sockets are read. */
const received = () => stat(__filename);

const HOST: NodeLinkHost = {
  patience: PATIENCE,
  reader: 'client',
  onTrouble: () => undefined,
  onMoved: () => undefined,
  onRedirected: () => undefined,
  onRemoved: () => undefined,
};

const TOPOLOGY: Partial<Topology> = {
  stalenessMs: 0,
  unconfirmedSince: () => Infinity,
  isSound: () => Promise.resolve(true),
  onLost: () => undefined,
  settlingTime: () => 0,
};

describe('a node link', () => {
  let node: MemoryNode;
  let answers: boolean;
  let nodeLink: NodeLink;

  beforeEach(async () => {
    answers = true;
    node = new MemoryNode({
      async CLIENT() {
        // The reply arrives as soon as the event loop reads sockets.
        await (answers ? received() : new Promise(() => undefined));
        return 'id=1 sub=0 psub=0 ssub=0';
      },
    });
    const open = jest.fn<MemoryNode | undefined, []>().mockReturnValueOnce(node).mockReturnValue(undefined);
    nodeLink = new NodeLink('a', { ...TOPOLOGY, open } as Partial<Topology> as Topology, HOST);
    await until(() => nodeLink.isOnline);
  });

  afterEach(() => nodeLink.close());

  it('keeps a connection whose reply waits only because this process is busy', async () => {
    // Continues right after the poll phase: timers run before sockets are read again.
    await received();
    const checked = nodeLink.checkConnection();
    const end = performance.now() + 3 * PATIENCE;
    while (performance.now() < end);
    await checked;
    expect(nodeLink.isOnline).toBe(true);
  });

  it('puts a reader of pushes in front of the decoder of its connection, as long as the host wants one', () => {
    const client = createIdle({ version: 'redis 6', resp: 3 });
    const withQueue = Object.assign(new MemoryNode({}), { _getQueue: () => client._getQueue() });
    const open = jest.fn<MemoryNode | undefined, []>().mockReturnValueOnce(withQueue);
    const host = { ...HOST, reader: 'client' as ReaderMode };
    const other = new NodeLink('b', { ...TOPOLOGY, open } as Partial<Topology> as Topology, host);
    expect(hasReader(client)).toBe(false);
    host.reader = 'fast';
    other.updateReader();
    expect(hasReader(client)).toBe(true);
    host.reader = 'client';
    other.updateReader();
    expect(hasReader(client)).toBe(false);
    other.close();
  });

  it('gives up a connection that does not reply', async () => {
    answers = false;
    void nodeLink.checkConnection();
    await until(() => !nodeLink.isOnline);
    expect(node.isOpen).toBe(false);
  });
});
