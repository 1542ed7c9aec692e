import type { LoggerService } from '@nestjs/common';
import type { Gap, ReceiverEvent } from '../index.js';
import type { Role } from './event-listeners.js';
import { connectionErrorText } from './error-text.js';

const NAMES: Record<Role, string> = { sub: 'that subscribes', pub: 'that replies' };

/** Log of the connections of a server, with each error once an outage. */
export class ClientLog {
  readonly #logger: LoggerService;
  readonly #said = new Set<string>();

  constructor(logger: LoggerService) {
    this.#logger = logger;
  }

  error(role: Role, error: unknown): void {
    const text = `The client ${NAMES[role]}: ${connectionErrorText(error)}`;
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#logger.error(text);
  }

  reconnecting(role: Role): void {
    this.#logger.warn(`The client ${NAMES[role]} has lost its connection, and reconnects`);
  }

  connected(): void {
    this.#said.clear();
    this.#logger.log('Connected to Redis');
  }

  gone(role: Role): void {
    this.#logger.error(`The client ${NAMES[role]} is closed, or has given up: it will not reconnect`);
  }

  /** Logs an event that concerns the consumer group of a handler. */
  group(event: ReceiverEvent): void {
    if (event.type === 'recovery-error') this.#logger.error(event.error.message);
    if (event.type === 'dead-letter') {
      const { id, source, deliveries, deadLetter } = event;
      const where = deadLetter === undefined ? 'dropped' : `moved to ${deadLetter}`;
      this.#logger.warn(`The event ${id} of ${source.name} was ${where}, after ${deliveries} deliveries`);
    }
    if (event.type === 'group-lost')
      this.#logger.warn(`The group ${event.group} of ${event.source.name} was gone, and was created anew`);
  }

  gap({ since, until, channels }: Gap): void {
    const names = channels.map(({ name }) => name).join(', ');
    this.#logger.warn(`Messages may be missing of ${until - since} ms, on ${names}`);
  }
}
