import { Logger } from '@nestjs/common';
import type { Emitter } from './event-listeners.js';
import { connectionErrorText } from './error-text.js';

/** Logs why an application has to wait for Redis when it starts: each reason once. */
export class StartLog {
  readonly #logger = new Logger('ReceiverModule');
  readonly #told = new Set<string>();
  readonly #watched: Emitter[] = [];

  /** Listens to a client that is about to connect. */
  readonly watch = (client: Emitter): void => {
    client.on('error', this.#onError);
    this.#watched.push(client);
  };

  /** Leaves the clients: what becomes of a connection later, the events of the Receiver tell. */
  end(): void {
    for (const client of this.#watched.splice(0)) client.off('error', this.#onError);
  }

  readonly #onError = (error: unknown): void => {
    // A Sentinel set's client tells so that it has found no master, beside the reason.
    if (error === undefined) return;
    const text = connectionErrorText(error);
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#logger.error(`Redis cannot be reached, and is tried again: ${text}`);
  };
}
