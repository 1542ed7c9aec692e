import { asyncScheduler } from 'rxjs';
import type { NodeAddress, NodeClient } from './node-client.js';

/** The cluster as one of its nodes sees it. */
export interface ClusterMap {
  /** The masters by slot. */
  readonly slots: readonly (NodeAddress | undefined)[];
  readonly masters: readonly NodeAddress[];
  /** The masters and their replicas. */
  readonly nodes: readonly NodeAddress[];
  /** The configuration epoch, which grows with each failover and migration: the map with the greater epoch is newer. */
  readonly epoch: number;
  readonly isHealthy: boolean;
  /** A text that is equal for equal maps; undefined for a map that no node has sent. */
  readonly fingerprint: string | undefined;
}

/** The type of a number in a reply, which depends on the user's settings for reading replies. */
type Numeric = number | string;

interface Range {
  readonly first: number;
  readonly last: number;
  /** The master, followed by its replicas. */
  readonly nodes: readonly NodeAddress[];
}

/** The number of nodes to ask. A majority has to answer: one node may hang, or may not be up to date. */
export const ASKED = 3;
const PATIENCE = 1_000;

/** Asks some of the nodes; resolves to undefined if none of them answers. */
export async function askNodes(clients: readonly NodeClient[]): Promise<ClusterMap | undefined> {
  const maps = await mostOf(sample(clients, ASKED).map(ask));
  const votes = (one: ClusterMap) => maps.filter(({ fingerprint }) => fingerprint === one.fingerprint).length;
  return maps.sort((a, b) => b.epoch - a.epoch || votes(b) - votes(a))[0];
}

async function ask(client: NodeClient): Promise<ClusterMap> {
  const [slots, nodes, info] = await Promise.all([
    client.sendCommand(['CLUSTER', 'SLOTS']),
    client.sendCommand(['CLUSTER', 'NODES']),
    client.sendCommand(['CLUSTER', 'INFO']),
  ]);
  const ranges = parseSlots(slots, client);
  if (ranges.length === 0) throw new Error('The node knows no slots.');
  return toMap(ranges, parseEpoch(String(nodes)), isHealthy(info));
}

/** Returns whether CLUSTER INFO says that the node is part of a working cluster. */
export function isHealthy(info: unknown): boolean {
  return !String(info).includes('cluster_state:fail');
}

function toMap(ranges: readonly Range[], epoch: number, healthy: boolean): ClusterMap {
  const slots: (NodeAddress | undefined)[] = [];
  const masters = new Map<string, NodeAddress>();
  const nodes = new Map<string, NodeAddress>();
  for (const range of ranges) {
    const [master] = range.nodes;
    for (let slot = range.first; slot <= range.last; slot++) slots[slot] = master;
    for (const node of range.nodes) nodes.set(keyOf(node), node);
    if (master) masters.set(keyOf(master), master);
  }
  return {
    slots,
    masters: [...masters.values()],
    nodes: [...nodes.values()],
    epoch,
    isHealthy: healthy,
    fingerprint: JSON.stringify(ranges),
  };
}

/** Parses entries `[first, last, [host, port, …] of the master, … of replicas]`; no host means the answering node's. */
function parseSlots(reply: unknown, client: NodeClient): readonly Range[] {
  const { host: ownHost } = (client.options?.socket ?? {}) as Partial<NodeAddress>;
  const ranges = (reply as [Numeric, Numeric, ...[string | Buffer | null, Numeric][]][]).map(
    ([first, last, ...members]) => {
      const [master, ...replicas] = members.map(([host, port]) => ({
        host: (host ?? '').toString() || String(ownHost),
        port: Number(port),
      }));
      replicas.sort((a, b) => a.host.localeCompare(b.host) || a.port - b.port);
      return { first: Number(first), last: Number(last), nodes: master ? [master, ...replicas] : [] };
    },
  );
  return ranges.sort((a, b) => a.first - b.first);
}

/** Returns the greatest configuration epoch; the lines are `id address flags master ping pong epoch …`. */
function parseEpoch(lines: string): number {
  return Math.max(
    0,
    ...lines
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[6] ?? 0)),
  );
}

/** Resolves to the results of most promises, as soon as these have resolved; to fewer results if no more come in time. */
export function mostOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  return new Promise((resolve) => {
    const results: T[] = [];
    let open = promises.length;
    const deadline = asyncScheduler.schedule(() => resolve(results), PATIENCE);
    const check = () => {
      if (open > 0 && results.length <= promises.length / 2) return;
      deadline.unsubscribe();
      resolve(results);
    };
    const settle = () => {
      open--;
      check();
    };
    for (const promise of promises) promise.then((result) => results.push(result)).then(settle, settle);
    check();
  });
}

export function sample<T>(list: readonly T[], count: number): readonly T[] {
  const rest = [...list];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0) {
    chosen.push(...rest.splice(Math.floor(Math.random() * rest.length), 1));
  }
  return chosen;
}

export function keyOf({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}
