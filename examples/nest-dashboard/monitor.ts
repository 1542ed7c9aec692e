import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { interval, map, ReplaySubject, Subject, takeUntil, type Observable } from 'rxjs';
import type { Receiver, ReceiverEvent } from 'rx-redis-receiver';
import { InjectReceiver } from 'rx-redis-receiver/nestjs';
import { logEntryOf } from './log-entry-of.js';
import { CAPACITY, HISTORY, SNAPSHOT_EVERY, WORKERS } from './settings.js';
import type { LogEntry, Snapshot } from './snapshot.js';
import { Sources } from './sources.js';
import { Traffic } from './traffic.js';
import { Workers } from './workers.js';

/** Takes some snapshots a second, and keeps the snapshots of the last minute. */
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
  #logEntries: LogEntry[] = [];

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

  /** The snapshots of the last minute, followed by the new ones. */
  get snapshots(): Observable<Snapshot> {
    return this.#snapshots.asObservable();
  }

  onApplicationBootstrap(): void {
    this.#receiver.events.pipe(takeUntil(this.#stop)).subscribe((event) => this.#record(event));
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

  #record(event: ReceiverEvent): void {
    if (event.type === 'disconnected') this.#isConnected = false;
    if (event.type === 'gap' && event.gap.cause === 'reconnect') this.#isConnected = true;
    const logEntry = logEntryOf(event);
    if (logEntry) this.#logEntries.push(logEntry);
  }

  #snapshot(): Snapshot {
    const logEntries = this.#logEntries;
    this.#logEntries = [];
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
      logEntries,
    };
  }
}
