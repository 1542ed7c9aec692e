import { stat } from 'node:fs/promises';
import { NodeLink, type NodeLinkHost } from '../../../lib/cluster/node-link.js';
import type { Topology } from '../../../lib/cluster/topology.js';
import { MemoryNode } from '../../support/memory-node.js';
import { until } from '../../support/until.js';

const PATIENCE = 40;

/** Resolves in the phase of the event loop in which sockets are read. */
const received = () => stat(__filename);

const HOST: NodeLinkHost = {
  patience: PATIENCE,
  onTrouble: () => undefined,
  onMoved: () => undefined,
  onRedirected: () => undefined,
  onRemoved: () => undefined,
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
    const topology = {
      stalenessMs: 0,
      unconfirmedSince: () => Infinity,
      open,
      isSound: () => Promise.resolve(true),
      onLost: () => undefined,
      settlingTime: () => 0,
    };
    nodeLink = new NodeLink('a', topology as Partial<Topology> as Topology, HOST);
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

  it('gives up a connection that does not reply', async () => {
    answers = false;
    void nodeLink.checkConnection();
    await until(() => !nodeLink.isOnline);
    expect(node.isOpen).toBe(false);
  });
});
