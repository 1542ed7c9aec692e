import { inject, Injectable } from '@angular/core';
import { BehaviorSubject, map, Observable, retry, share, tap, timer } from 'rxjs';
import type { Snapshot } from '../../../nest-dashboard/snapshot.js';
import { OPEN_EVENT_SOURCE } from './event-source.js';

export type Connection = 'connecting' | 'open' | 'waiting';

/** Milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;

/** The snapshots of the dashboard's server: one connection for all observers, made again whenever it fails. */
@Injectable({ providedIn: 'root' })
export class LiveSnapshots {
  readonly #open = inject(OPEN_EVENT_SOURCE);
  readonly #connection = new BehaviorSubject<Connection>('connecting');
  /** The time of the newest snapshot: a new connection asks for what came after it. */
  #last = 0;

  readonly connection = this.#connection.asObservable();

  readonly snapshots = new Observable<string>((subscriber) => {
    this.#connection.next('connecting');
    const source = this.#open(`snapshots?after=${this.#last}`);
    source.addEventListener('open', () => this.#connection.next('open'));
    source.addEventListener('message', (event) => subscriber.next((event as MessageEvent<string>).data));
    source.addEventListener('error', () => subscriber.error(new Error('The stream broke off')));
    // By itself it would try again only in some cases, and always after the same time.
    return () => source.close();
  }).pipe(
    map((data) => JSON.parse(data) as Snapshot),
    tap(({ at }) => (this.#last = at)),
    retry({
      resetOnSuccess: true,
      delay: (_error, failures) => {
        this.#connection.next('waiting');
        return timer(Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT));
      },
    }),
    share(),
  );
}
