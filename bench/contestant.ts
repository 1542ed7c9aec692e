export interface Contestant {
  readonly title: string;
  /** Key of the way, in the measured process. */
  readonly way: string;
  /** Prefix of the names of its channels. */
  readonly prefix: string;
  /** Folder of the snapshot that runs. */
  readonly snapshot: string;
  readonly packet: Packet;
  readonly every: number;
}

/** Text before and after the payload of each message, for a contestant that takes no bare payload. */
export type Packet = readonly [before: string, after: string];

/** Way that is measured, without a snapshot yet. */
export interface Entry {
  readonly title: string;
  readonly way: string;
  /** Role of the way: the ratios of the others are to a `'reference'`; the `'control'` is the first reference once more. */
  readonly as: 'reference' | 'control' | 'baseline' | 'receiver';
  /** @default none */
  readonly packet?: (prefix: string) => Packet;
  /** Number of turns of the others for one of its own: a slow way would make all others wait. @default 1 */
  readonly every?: number;
}

export interface Field {
  readonly contestants: readonly Contestant[];
  readonly references: readonly Contestant[];
  readonly control: Contestant;
}

/**
 * Returns the contestants: every reference and control; of the baselines and the Receiver's own ways the ones whose title
 * contains one of the texts, and the Receiver's own ways from each snapshot.
 */
export function enter(
  entries: readonly Entry[],
  snapshots: readonly string[],
  only: readonly string[],
): Field {
  const [first, ...compared] = snapshots as [string, ...string[]];
  const field = { contestants: [] as Contestant[], references: [] as Contestant[] };
  const add = ({ way, packet, every = 1 }: Entry, title: string, snapshot: string): Contestant => {
    const prefix = `bench:${String(field.contestants.length).padStart(2, '0')}:`;
    const contestant = {
      title,
      way,
      prefix,
      snapshot,
      every,
      packet: packet?.(prefix) ?? (['', ''] as const),
    };
    field.contestants.push(contestant);
    return contestant;
  };
  let control: Contestant | undefined;
  for (const entry of entries) {
    const { title, as } = entry;
    const isAskedFor = as === 'reference' || as === 'control' || only.some((text) => title.includes(text));
    if (!isAskedFor) continue;
    const contestant = add(entry, title, first);
    if (as === 'reference') field.references.push(contestant);
    if (as === 'control') control = contestant;
    if (as !== 'receiver') continue;
    for (const snapshot of compared) add(entry, `${title}, compared`, snapshot);
  }
  return { ...field, control: control as Contestant };
}
