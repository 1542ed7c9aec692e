import { Subscription, type Subscriber, type TeardownLogic } from 'rxjs';
import type { Message } from '../channel.js';
import { coreOf } from '../channel/core-of.js';
import { batchOn } from '../hub/pub-sub-hub.js';
import type { ReceiverCore } from '../receiver/receiver-core.js';
import { separateChannel } from '../receiver/separate-channel.js';
import { ConfigCheck } from './config-check.js';
import { parseNotification, type KeyNotification, type SubkeyNotification } from './notification.js';
import type { Plan, PlannedSource } from './plan.js';

export interface ObserverOptions {
  readonly check: boolean;
  /** Returns a key as the consumer wants it. */
  readonly decode: (bytes: Buffer) => string | Buffer;
}

type Notification = KeyNotification<string | Buffer> | SubkeyNotification<string | Buffer>;

/** One subscriber of `keyspace()`: observes the Channels of the plan, and checks the settings of their servers. */
export class KeyspaceObserver {
  readonly #core: ReceiverCore;
  readonly #plan: Plan;
  readonly #options: ObserverOptions;
  readonly #subscriber: Subscriber<Notification>;

  constructor(
    core: ReceiverCore,
    plan: Plan,
    options: ObserverOptions,
    subscriber: Subscriber<Notification>,
  ) {
    this.#core = core;
    this.#plan = plan;
    this.#options = options;
    this.#subscriber = subscriber;
  }

  start(): TeardownLogic {
    const core = this.#core;
    const subscription = new Subscription();
    if (!core.isOpen) {
      if (core.lostError) this.#subscriber.error(core.lostError);
      else this.#subscriber.complete();
      return undefined;
    }
    const sources = this.#plan.sources.map((source) => ({
      source,
      channel: separateChannel(core, source.kind, source.name),
    }));
    const channels = sources.map(({ channel }) => channel);
    if (this.#options.check) subscription.add(this.#checkConfig(channels));
    let open = channels.length;
    batchOn(channels.map(coreOf), () => {
      for (const { source, channel } of sources) {
        subscription.add(
          channel.subscribe({
            next: (message) => this.#take(source, message),
            error: (error) => this.#subscriber.error(error),
            complete: () => {
              if (--open === 0) this.#subscriber.complete();
            },
          }),
        );
      }
    });
    return subscription;
  }

  #take(source: PlannedSource, { channel, rawChannel, data }: Message<Buffer>): void {
    const notification = parseNotification(rawChannel ?? Buffer.from(channel), data);
    if (!notification || !source.takes(notification)) return;
    const { decode } = this.#options;
    const { event, db, subkeys } = notification;
    const key = decode(notification.key);
    this.#subscriber.next(
      subkeys ? { event, key, db, subkeys: subkeys.map(decode) } : { event: event, key, db },
    );
  }

  /** Checks the settings when all Channels are subscribed, and after each gap: the server may be a new one. */
  #checkConfig(channels: readonly ReturnType<typeof separateChannel>[]): TeardownLogic {
    const core = this.#core;
    const [first] = channels;
    if (!first) return undefined;
    const check = new ConfigCheck(this.#plan, {
      servers: () => [...new Set(channels.flatMap(({ kind, name }) => [...core.hub.serversOf(kind, name)]))],
      onLacking: (error) => this.#subscriber.error(error),
      onUnchecked: (error) => core.emit({ type: 'unchecked', source: first, error }),
    });
    const subscription = core.events.subscribe((event) => {
      if (event.type === 'gap' && event.gap.channels.some((channel) => channels.includes(channel as never)))
        check.run();
    });
    subscription.add(() => check.stop());
    // After this turn, in which the Channels are observed. A refusal is an error of the stream itself.
    queueMicrotask(() => {
      if (subscription.closed) return;
      Promise.all(channels.map((channel) => channel.whenSubscribed({ signal: check.signal }))).then(
        () => check.run(),
        () => undefined,
      );
    });
    return subscription;
  }
}
