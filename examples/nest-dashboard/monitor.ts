import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { interval, map, ReplaySubject, Subject, takeUntil, type Observable } from 'rxjs';
import type { Receiver, ReceiverEvent } from 'rx-redis-receiver';
import { InjectReceiver } from 'rx-redis-receiver/nestjs';
import { happeningOf } from './happening-of.js';
import { CAPACITY, HISTORY, SNAPSHOT_EVERY, WORKERS } from './settings.js';
import type { Happening, Snapshot } from './snapshot.js';
import { Sources } from './sources.js';
import { Traffic } from './traffic.js';
import { Workers } from './workers.js';

/** Takes a snapshot of it all some times a second, and remembers those of the last minute. */
@Injectable()
export class Monitor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #receiver: Receiver;
  readonly #sources: Sources;
  readonly #workers: Workers;
  readonly #traffic: Traffic;
  readonly #snapshots = new ReplaySubject<Snapshot>(HISTORY);
  readonly #stop = new Subject<void>();
  readonly #startedAt = Date.now();
  #isConnected = true;
  #happenings: Happening[] = [];

  constructor(
    @InjectReceiver() receiver: Receiver,
    @Inject(Sources) sources: Sources,
    @Inject(Workers) workers: Workers,
    @Inject(Traffic) traffic: Traffic,
  ) {
    this.#receiver = receiver;
    this.#sources = sources;
    this.#workers = workers;
    this.#traffic = traffic;
  }

  /** The last minute, and then what comes. */
  get snapshots(): Observable<Snapshot> {
    return this.#snapshots.asObservable();
  }

  onApplicationBootstrap(): void {
    this.#receiver.events.pipe(takeUntil(this.#stop)).subscribe((event) => this.#note(event));
    interval(SNAPSHOT_EVERY)
      .pipe(
        takeUntil(this.#stop),
        map(() => this.#snapshot()),
      )
      .subscribe(this.#snapshots);
  }

  beforeApplicationShutdown(): void {
    this.#stop.next();
  }

  #note(event: ReceiverEvent): void {
    if (event.type === 'disconnected') this.#isConnected = false;
    if (event.type === 'gap' && event.gap.cause === 'reconnect') this.#isConnected = true;
    const happening = happeningOf(event);
    if (happening) this.#happenings.push(happening);
  }

  #snapshot(): Snapshot {
    const happenings = this.#happenings;
    this.#happenings = [];
    const { received, delivered, buffered, dropped, gaps } = this.#receiver.stats;
    return {
      at: Date.now(),
      startedAt: this.#startedAt,
      isConnected: this.#isConnected,
      sources: this.#sources.counts,
      stats: { received, delivered, buffered, dropped, gaps },
      capacity: CAPACITY,
      workers: WORKERS,
      workTime: this.#workers.workTime,
      missed: this.#traffic.missed,
      happenings,
    };
  }
}
