import { Observable, Subject } from 'rxjs';

/** What a client was asked to send, in order. */
export class CommandLog {
  readonly #list: string[] = [];
  readonly #added = new Subject<string>();

  /** From the first on, and then as they come; it never completes. */
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
