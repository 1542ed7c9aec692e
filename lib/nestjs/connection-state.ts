import type { Subject } from 'rxjs';
import type { ReceiverEvent } from '../index.js';
import type { EventListeners, Role } from './event-listeners.js';
import type { ClientLog } from './client-log.js';

/** As Nest's own Redis transport has them: while one of the clients reconnects, the server does. */
export type ReceiverStrategyStatus = 'connected' | 'reconnecting' | 'disconnected';

/** What a server's status and its log say of its two connections, from `begin()` to `end()`. */
export class ConnectionState {
  readonly #status: Subject<ReceiverStrategyStatus>;
  readonly #log: ClientLog;
  readonly #away = new Set<Role>();
  #isServing = false;

  constructor(status: Subject<ReceiverStrategyStatus>, log: ClientLog, listeners: EventListeners) {
    this.#status = status;
    this.#log = log;
    listeners.on('error', (role, error) => log.error(role, error));
    listeners.on('reconnecting', (role) => this.#leave(role));
    listeners.on('ready', (role) => this.#return(role));
    for (const event of ['end', 'terminated']) listeners.on(event, (role) => this.#lose(role));
  }

  begin(): void {
    this.#isServing = true;
    this.#tellConnected();
  }

  /** What happens from here on is meant to. */
  end(): void {
    this.#isServing = false;
    this.#away.clear();
  }

  /** What the Receiver knows: a cluster's client tells nothing of the connections that subscribe. */
  onEvent(event: ReceiverEvent): void {
    if (event.type === 'disconnected') this.#leave('sub');
    if (event.type !== 'gap' || event.gap.cause !== 'reconnect') return;
    this.#log.gap(event.gap);
    this.#return('sub');
  }

  #leave(role: Role): void {
    if (!this.#isServing || this.#away.has(role)) return;
    this.#away.add(role);
    this.#log.reconnecting(role);
    this.#status.next('reconnecting');
  }

  #return(role: Role): void {
    if (this.#away.delete(role) && this.#away.size === 0) this.#tellConnected();
  }

  #lose(role: Role): void {
    if (!this.#isServing) return;
    this.#log.gone(role);
    this.#status.next('disconnected');
  }

  #tellConnected(): void {
    this.#log.connected();
    this.#status.next('connected');
  }
}
