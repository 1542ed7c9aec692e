import type { Observable } from 'rxjs';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { PubSubClient } from '../hub/client.js';
import type { Receiver } from '../receiver/receiver.js';
import type { ReceiverCore } from '../receiver/receiver-core.js';
import { INTERNALS, RetrySafeObservable } from '../retry-safe-observable.js';
import type { TopicDeclarations } from '../topics/topic-types.js';
import type { KeyEvent } from './key-event.js';
import { assertKeyspaceOptions, type KeyspaceOptions } from './keyspace-options.js';
import { KeyspaceObserver, type ObserverOptions } from './keyspace-observer.js';
import type { KeyNotification, SubkeyNotification } from './notification.js';
import { planOf, type Plan } from './plan.js';

/** The notifications for options with these values of `events`, `binary` and `subkeys`. */
export type NotificationOf<E extends KeyEvent, B extends boolean, S extends boolean> = S extends true
  ? SubkeyNotification<B extends true ? Buffer : string, E>
  : KeyNotification<B extends true ? Buffer : string, E>;

/**
 * The keyspace notifications of Redis: an Observable of the events of keys, such as `set`, `del` and `expired`.
 *
 * ```ts
 * keyspace(receiver, { keys: 'session:*', events: 'expired' }).subscribe(({ key }) => console.log(`${key} has expired`));
 * ```
 *
 * The first subscriber subscribes in Redis, on the client of the Receiver, and the last one unsubscribes. On a cluster, every
 * master is subscribed, because Redis sends a notification only to subscribers of the node that has the key. The messages do
 * not enter the merged stream of the Receiver. They have its events: `subscribed` when Redis has acknowledged, and `gap` when
 * notifications may be missing, after a lost connection or a failover. With `onGap: 'error'`, a {@link GapError} also stands
 * in the stream, after which {@link retryRecoverable} continues.
 *
 * Redis sends notifications only if `notify-keyspace-events` asks for them. A setting that lacks a flag is a
 * {@link KeyspaceConfigError}, which has the value to set. The guide is `docs/keyspace.md` in the repository.
 *
 * @param receiver the Receiver on whose client the subscriptions are, and with which the stream completes
 * @param options the database, the keys and the events; by default all keys and events of the client's database
 * @throws {TypeError} for an option that is unknown or invalid
 */
export function keyspace<E extends KeyEvent = KeyEvent, B extends boolean = false, S extends boolean = false>(
  receiver: Receiver<unknown> | Receiver<string, TopicDeclarations>,
  options: KeyspaceOptions<E, B, S> = {},
): Observable<NotificationOf<E, B, S>> {
  const core = (receiver as Partial<typeof receiver> | undefined)?.[INTERNALS];
  if (!core || !('registry' in core)) throw invalidArgument('the receiver', 'a Receiver', receiver);
  assertKeyspaceOptions(options);
  const plan = planOf(options, options.db ?? databaseOf(core.options.client));
  const decode = options.binary === true ? (bytes: Buffer) => Buffer.from(bytes) : String;
  return new Keyspace(core, plan, {
    decode,
    check: options.check !== false,
  }) as Observable<unknown> as Observable<NotificationOf<E, B, S>>;
}

class Keyspace extends RetrySafeObservable<KeyNotification<string | Buffer>> {
  readonly #core: ReceiverCore;

  constructor(core: ReceiverCore, plan: Plan, options: ObserverOptions) {
    super((subscriber) => new KeyspaceObserver(core, plan, options, subscriber).start());
    this.#core = core;
  }

  get [INTERNALS](): ReceiverCore {
    return this.#core;
  }
}

function databaseOf(client: PubSubClient): number {
  const { options } = client as { readonly options?: { readonly database?: number | undefined } };
  return options?.database ?? 0;
}
