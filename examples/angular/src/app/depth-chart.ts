import { DecimalPipe } from '@angular/common';
import { Component, computed, input, signal } from '@angular/core';
import type { Snapshot } from '../../../nest-dashboard/snapshot.js';
import { depthPath, HEIGHT, indexAt, PER_SECOND, shownOf, timeOf, WIDTH, xOf } from './figures.js';

/** Snapshots that a key moves. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -PER_SECOND,
  ArrowRight: PER_SECOND,
  Home: -Infinity,
  End: Infinity,
};

/** The queue's depth over the last half minute. The pointer or the arrow keys choose a moment, which moves on with the line. */
@Component({
  selector: 'app-depth-chart',
  imports: [DecimalPipe],
  templateUrl: './depth-chart.html',
})
export class DepthChart {
  readonly history = input.required<readonly Snapshot[]>();

  protected readonly width = WIDTH;
  protected readonly height = HEIGHT;
  protected readonly capacity = computed(() => this.history().at(-1)?.capacity ?? 0);
  protected readonly depth = computed(() => depthPath(this.history()));
  protected readonly seconds = computed(() => timeOf(shownOf(this.history())));
  readonly #chosen = signal<Snapshot | undefined>(undefined);
  protected readonly cursor = computed(() => {
    const chosen = this.#chosen();
    const index = chosen ? this.history().indexOf(chosen) : -1;
    if (!chosen || index < 0) return undefined;
    const ago = timeOf(this.history().length - 1 - index);
    return { x: xOf(index, this.history()), ago, waiting: chosen.stats.buffered };
  });

  /** Chooses the snapshot at a part of the width. */
  protected point({ clientX, currentTarget }: PointerEvent): void {
    const { left, width } = (currentTarget as Element).getBoundingClientRect();
    this.choose(indexAt((clientX - left) / width, this.history()));
  }

  protected focus({ currentTarget }: FocusEvent): void {
    if ((currentTarget as Element).matches(':focus-visible')) this.choose(Infinity);
  }

  protected press(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (event.key === 'Escape') this.leave();
    if (step === undefined) return;
    event.preventDefault();
    const chosen = this.#chosen();
    this.choose((chosen ? this.history().indexOf(chosen) : Infinity) + step);
  }

  protected choose(index: number): void {
    const last = this.history().length - 1;
    this.#chosen.set(this.history()[Math.max(0, Math.min(index, last))]);
  }

  protected leave(): void {
    this.#chosen.set(undefined);
  }
}
