/** Milliseconds that the charts show at the most. */
const SPAN = 60_000;
/** Milliseconds over which a rate is taken. */
const OVER = 1_000;

/** Milliseconds that the charts show: of a young server, no more than a quarter of a minute around what there is. */
export function spanOf(points) {
  const age = points.length > 0 ? points.at(-1).at - points[0].at : 0;
  return Math.min(SPAN, Math.max(1, Math.ceil(age / 15_000)) * 15_000);
}

/** The snapshots of the last minute, with what happened each second between them. */
export class History {
  /** With `rates` by the id of a source. */
  points = [];
  /** Stretches with something wrong: `from`, and `until` once it is over. */
  bands = [];

  get last() {
    return this.points.at(-1);
  }

  /** False if the snapshot is known already. */
  add(snapshot) {
    const { last } = this;
    if (last && snapshot.startedAt !== last.startedAt) this.#clear();
    else if (last && snapshot.at <= last.at) return false;
    this.points.push({ ...snapshot, ...this.#rates(snapshot) });
    for (const logEntry of snapshot.logEntries) this.#mark(logEntry);
    const open = this.bands.find(({ kind, until }) => kind === 'overflow' && until === undefined);
    if (open) open.dropped = snapshot.stats.dropped - open.droppedBefore;

    const start = snapshot.at - SPAN - OVER;
    while (this.points[0].at < start) this.points.shift();
    this.bands = this.bands.filter(({ until = Infinity }) => until >= start);
    return true;
  }

  #clear() {
    this.points = [];
    this.bands = [];
  }

  #rates({ at, sources, stats }) {
    const before = this.points.findLast((point) => point.at <= at - OVER + 50) ?? this.points[0];
    if (!before) return { rates: new Map(), arriving: 0, working: 0 };
    const rate = (now, then) => ((now - then) * 1_000) / (at - before.at);
    const earlier = new Map(before.sources.map(({ id, received }) => [id, received]));
    return {
      rates: new Map(sources.map(({ id, received }) => [id, rate(received, earlier.get(id) ?? 0)])),
      arriving: rate(stats.received, before.stats.received),
      working: rate(stats.delivered, before.stats.delivered),
    };
  }

  #mark({ type, at, cause, dropped }) {
    if (type === 'overflow') {
      const droppedBefore = this.points.at(-2)?.stats.dropped ?? 0;
      this.bands.push({ kind: 'overflow', from: at, droppedBefore, dropped: 0 });
    }
    if (type === 'disconnected') this.bands.push({ kind: 'gap', from: at });
    if (type !== 'gap') return;
    const kind = cause === 'overflow' ? 'overflow' : 'gap';
    const band = this.bands.findLast((open) => open.kind === kind && open.until === undefined);
    if (band) Object.assign(band, { until: at, ...(dropped === undefined ? {} : { dropped }) });
  }
}
