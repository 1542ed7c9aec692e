export interface Contestant {
  readonly title: string;
  /** The key of what it does, in the process that is measured. */
  readonly way: string;
  /** Of the names of its channels. */
  readonly prefix: string;
  /** The folder of the snapshot that it runs from. */
  readonly snapshot: string;
  readonly packet: Packet;
  readonly every: number;
}

/** What stands before and behind the payload of each message, because a contestant takes no other. */
export type Packet = readonly [before: string, behind: string];

/** A way that is measured, before it is known from which snapshot. */
export interface Entry {
  readonly title: string;
  readonly way: string;
  /** `'reference'`: the others' ratios are to it; `'control'`: the first reference once more. */
  readonly as: 'reference' | 'control' | 'baseline' | 'receiver';
  /** @default none */
  readonly packet?: (prefix: string) => Packet;
  /** Takes every so many turns: one that is slow would make all wait. @default 1 */
  readonly every?: number;
}

export interface Field {
  readonly contestants: readonly Contestant[];
  readonly references: readonly Contestant[];
  readonly control: Contestant;
}

/** Who runs: of the Receiver's own ways and the baselines those that are asked for, from each snapshot. */
export function enter(entries: readonly Entry[], snapshots: readonly string[], only: string): Field {
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
    const isAskedFor = as === 'reference' || as === 'control' || title.includes(only);
    if (!isAskedFor) continue;
    const contestant = add(entry, title, first);
    if (as === 'reference') field.references.push(contestant);
    if (as === 'control') control = contestant;
    if (as !== 'receiver') continue;
    for (const snapshot of compared) add(entry, `${title}, compared`, snapshot);
  }
  return { ...field, control: control as Contestant };
}
