import type { WritePacket } from '@nestjs/microservices';
import { Subject, takeUntil, type Observable } from 'rxjs';

/** Function that publishes a reply. Resolves to false only if no subscriber can have received the reply. Never rejects. */
export type Reply = (packet: WritePacket) => Promise<boolean>;

/** Nest's `Server.send`, which hands over the values of a stream, its error and its end, one packet after the other. */
export type Send = (stream: Observable<unknown>, respond: (packet: WritePacket) => Promise<void>) => unknown;

/** Replies to one request, from the call of its handler until Redis has the last reply. */
export class Answer {
  readonly #cut = new Subject<void>();
  #hasBegun = false;
  #isUnheard = false;
  #onBegun!: () => void;
  /** Promise that resolves when Redis has the first reply, or when publishing it has failed. */
  readonly begun = new Promise<void>((resolve) => (this.#onBegun = resolve));

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * Sends the values of the stream. Resolves after the last reply; the stream ends early when no subscriber listens any
   * more.
   */
  send(stream: Observable<unknown>, send: Send, reply: Reply): Promise<void> {
    return new Promise((resolve) => {
      send(stream.pipe(takeUntil(this.#cut)), async (packet) => {
        if (!this.#isUnheard && !(await reply(packet))) this.#leave();
        this.#begin();
        if (packet.isDisposed) resolve();
      });
    });
  }

  /** Ends the stream with an error, which is the last reply. */
  cutOff(error: unknown): void {
    this.#cut.error(error);
  }

  #begin(): void {
    this.#hasBegun = true;
    this.#onBegun();
  }

  #leave(): void {
    this.#isUnheard = true;
    this.#cut.next();
  }
}
