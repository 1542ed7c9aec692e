import type { WritePacket } from '@nestjs/microservices';
import { Subject, takeUntil, type Observable } from 'rxjs';

/** Publishes a reply, and resolves to whether somebody may have received it. Never rejects. */
export type Reply = (packet: WritePacket) => Promise<boolean>;

/** Nest's `Server.send`: hands over what a stream emits, its error and its end, one packet after the other. */
export type Send = (stream: Observable<unknown>, respond: (packet: WritePacket) => Promise<void>) => unknown;

/** The replies to one request, from its handler's call until Redis has the last of them. */
export class Answer {
  readonly #cut = new Subject<void>();
  #hasBegun = false;
  #isUnheard = false;
  #onBegun!: () => void;
  /** Resolves when Redis has the first reply. */
  readonly begun = new Promise<void>((resolve) => (this.#onBegun = resolve));

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Sends what the stream emits. Resolves when Redis has the last reply, or nobody listens to them any more. */
  send(stream: Observable<unknown>, send: Send, reply: Reply): Promise<void> {
    return new Promise((resolve) => {
      send(stream.pipe(takeUntil(this.#cut)), async (packet) => {
        if (!this.#isUnheard && !(await reply(packet))) this.#leave();
        this.#begin();
        if (packet.isDisposed) resolve();
      });
    });
  }

  /** Ends the stream with an error, which is its last reply. */
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
