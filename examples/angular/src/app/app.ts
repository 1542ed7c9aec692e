import { DecimalPipe } from '@angular/common';
import { Component, computed, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { scan } from 'rxjs';
import type { Snapshot } from '../../../nest-dashboard/snapshot.js';
import { DepthChart } from './depth-chart.js';
import { PER_SECOND, sourcesWithRates } from './figures.js';
import { LiveSnapshots } from './live-snapshots.js';
import { ServerCommands } from './server-commands.js';

/** The number of snapshots in the chart: half a minute. */
const SHOWN = 150;

/** A server that has started anew counts anew. */
function append(history: readonly Snapshot[], snapshot: Snapshot): readonly Snapshot[] {
  const isSameRun = history.at(-1)?.startedAt === snapshot.startedAt;
  return isSameRun ? [...history.slice(1 - SHOWN), snapshot] : [snapshot];
}

@Component({
  selector: 'app-root',
  imports: [DecimalPipe, DepthChart],
  templateUrl: './app.html',
})
export class App {
  readonly #live = inject(LiveSnapshots);

  protected readonly commands = inject(ServerCommands);
  protected readonly connection = toSignal(this.#live.connection, { initialValue: 'connecting' });
  protected readonly history = toSignal(this.#live.snapshots.pipe(scan(append, [])), { initialValue: [] });

  protected readonly last = computed(() => this.history().at(-1));
  protected readonly sources = computed(() => sourcesWithRates(this.history()));
  protected readonly highest = computed(() => Math.max(1, ...this.sources().map(({ rate }) => rate)));
  /** True if messages were dropped in the last second. */
  protected readonly isDropping = computed(() => {
    const [before] = this.history().slice(-1 - PER_SECOND);
    return (this.last()?.stats.dropped ?? 0) > (before?.stats.dropped ?? 0);
  });
  protected readonly logEntries = computed(() =>
    this.history()
      .flatMap(({ logEntries }) => logEntries)
      .slice(-5)
      .reverse(),
  );
}
