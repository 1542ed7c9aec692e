export interface Contestant {
  readonly title: string;
  /** The key of what it does, in the process that is measured. */
  readonly way: string;
  /** Of the names of its channels. */
  readonly prefix: string;
  /** The folder of the snapshot that it runs from. */
  readonly snapshot: string;
}

/** A way that is measured, before it is known from which snapshot. */
export interface Entry {
  readonly title: string;
  readonly way: string;
  /** `'reference'`: the others' ratios are to it; `'control'`: the first reference once more. */
  readonly as: 'reference' | 'control' | 'baseline' | 'receiver';
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
  const add = (title: string, way: string, snapshot: string): Contestant => {
    const prefix = `bench:${String(field.contestants.length).padStart(2, '0')}:`;
    const contestant = { title, way, prefix, snapshot };
    field.contestants.push(contestant);
    return contestant;
  };
  let control: Contestant | undefined;
  for (const { title, way, as } of entries) {
    const isAskedFor = as === 'reference' || as === 'control' || title.includes(only);
    if (!isAskedFor) continue;
    const contestant = add(title, way, first);
    if (as === 'reference') field.references.push(contestant);
    if (as === 'control') control = contestant;
    if (as !== 'receiver') continue;
    for (const snapshot of compared) add(`${title}, compared`, way, snapshot);
  }
  return { ...field, control: control as Contestant };
}
