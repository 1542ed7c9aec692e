import type { Subject } from 'rxjs';
import type { ReceiverEvent } from '../index.js';
import type { EventListeners, Role } from './event-listeners.js';
import type { ClientLog } from './client-log.js';

/** Status of a server, as in Nest's own Redis transport: the server is reconnecting while one of its clients is. */
export type ReceiverStrategyStatus = 'connected' | 'reconnecting' | 'disconnected';

/** State of the two connections of a server, which updates the server's status and log from `begin()` to `end()`. */
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

  /** Stops reporting: from now on, the server closes its connections on purpose. */
  end(): void {
    this.#isServing = false;
    this.#away.clear();
  }

  /** Takes an event of the Receiver into account: a cluster client emits no events for its subscribing connections. */
  onEvent(event: ReceiverEvent): void {
    if (event.type === 'disconnected') this.#leave('sub');
    this.#log.group(event);
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
