import { Observable, Subject } from 'rxjs';

/** Commands that a client was asked to send, in order. */
export class CommandLog {
  readonly #list: string[] = [];
  readonly #added = new Subject<string>();

  /** Commands from the first on, and then as they come, in an Observable that never completes. */
  readonly commands = new Observable<string>((subscriber) => {
    for (const text of [...this.#list]) subscriber.next(text);
    return this.#added.subscribe(subscriber);
  });

  get list(): readonly string[] {
    return this.#list;
  }

  add(text: string): void {
    this.#list.push(text);
    this.#added.next(text);
  }
}
