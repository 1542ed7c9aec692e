import { DecimalPipe } from '@angular/common';
import { HttpClient } from '@angular/common/http';
import { Component, computed, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { scan } from 'rxjs';
import type { Snapshot } from '../../../nest-dashboard/snapshot.js';
import { depthPath, HEIGHT, sourcesWithRates, WIDTH } from './figures.js';
import { LiveSnapshots } from './live-snapshots.js';

/** The number of snapshots in the chart: half a minute. */
const SHOWN = 150;

/** A server that has started anew counts anew. */
function append(history: readonly Snapshot[], snapshot: Snapshot): readonly Snapshot[] {
  const isSameRun = history.at(-1)?.startedAt === snapshot.startedAt;
  return isSameRun ? [...history.slice(1 - SHOWN), snapshot] : [snapshot];
}

@Component({
  selector: 'app-root',
  imports: [DecimalPipe],
  templateUrl: './app.html',
})
export class App {
  readonly #live = inject(LiveSnapshots);
  readonly #http = inject(HttpClient);

  protected readonly width = WIDTH;
  protected readonly height = HEIGHT;
  protected readonly connection = toSignal(this.#live.connection, { initialValue: 'connecting' });
  readonly #history = toSignal(this.#live.snapshots.pipe(scan(append, [])), { initialValue: [] });

  protected readonly last = computed(() => this.#history().at(-1));
  protected readonly sources = computed(() => sourcesWithRates(this.#history()));
  protected readonly highest = computed(() => Math.max(1, ...this.sources().map(({ rate }) => rate)));
  protected readonly depth = computed(() => depthPath(this.#history(), SHOWN));
  protected readonly logEntries = computed(() =>
    this.#history()
      .flatMap(({ logEntries }) => logEntries)
      .slice(-5)
      .reverse(),
  );

  protected make(what: 'burst' | 'kill'): void {
    this.#http.post(what, null).subscribe({ error: () => undefined });
  }
}
