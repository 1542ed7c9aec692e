import { asyncScheduler, firstValueFrom, from, timeout } from 'rxjs';
import type { NodeAddress, NodeClient } from './node-client.js';

/** Who owns which slot, as most of the nodes that were asked have it. */
export interface ClusterMap {
  /** The master, by slot. */
  readonly slots: readonly (NodeAddress | undefined)[];
  readonly nodes: readonly NodeAddress[];
  /** The same for the same answer; undefined for what is not an answer. */
  readonly fingerprint: string | undefined;
}

/** How many nodes are asked: one that lags behind is outvoted. */
const ASKED = 3;
const PATIENCE = 1_000;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly nodes: readonly NodeAddress[];
}

/** Asks some of the nodes for the map; undefined if none of them answers. */
export async function askNodes(clients: readonly NodeClient[]): Promise<ClusterMap | undefined> {
  const answers = await Promise.all(
    sample(clients, ASKED).map((client) => ask(client).catch(() => undefined)),
  );
  const votes = new Map<string, { count: number; readonly ranges: readonly Range[] }>();
  for (const ranges of answers) {
    if (!ranges || ranges.length === 0) continue;
    const fingerprint = JSON.stringify(ranges);
    const vote = votes.get(fingerprint);
    if (vote) vote.count++;
    else votes.set(fingerprint, { count: 1, ranges });
  }
  const [winner] = [...votes].sort(([, a], [, b]) => b.count - a.count);
  return winner && toMap(winner[1].ranges, winner[0]);
}

function toMap(ranges: readonly Range[], fingerprint: string): ClusterMap {
  const slots: (NodeAddress | undefined)[] = [];
  const nodes = new Map<string, NodeAddress>();
  for (const { from: first, to, nodes: members } of ranges) {
    for (let slot = first; slot <= to; slot++) slots[slot] = members[0];
    for (const node of members) nodes.set(`${node.host}:${node.port}`, node);
  }
  return { slots, nodes: [...nodes.values()], fingerprint };
}

async function ask(client: NodeClient): Promise<readonly Range[]> {
  const reply = from(client.sendCommand(['CLUSTER', 'SLOTS']));
  return parse(
    await firstValueFrom(reply.pipe(timeout({ each: PATIENCE, scheduler: asyncScheduler }))),
    client,
  );
}

/** `[first, last, [host, port, …] of the master, … of replicas]` each; no host means that of whoever answers. */
function parse(reply: unknown, client: NodeClient): readonly Range[] {
  const { host: ownHost } = (client.options?.socket ?? {}) as Partial<NodeAddress>;
  const ranges = (reply as [unknown, unknown, ...[unknown, unknown][]][]).map(([first, last, ...members]) => {
    const nodes = members.map(([host, port]) => ({
      host: String(host ?? '') || String(ownHost),
      port: Number(port),
    }));
    const [master, ...replicas] = nodes;
    replicas.sort((a, b) => a.host.localeCompare(b.host) || a.port - b.port);
    return { from: Number(first), to: Number(last), nodes: master ? [master, ...replicas] : [] };
  });
  return ranges.sort((a, b) => a.from - b.from);
}

function sample<T>(list: readonly T[], count: number): readonly T[] {
  const rest = [...list];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0) {
    chosen.push(...rest.splice(Math.floor(Math.random() * rest.length), 1));
  }
  return chosen;
}
