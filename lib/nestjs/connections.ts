import { firstValueFrom, from, race, timer } from 'rxjs';
import type { Publisher, PubSubClient } from '../index.js';
import { closeClient, openClient, type OwnedClient } from '../internal.js';
import type { EventListeners, Emitter, Role } from './event-listeners.js';
import type { ReceiverStrategyOptions } from './receiver-strategy-options.js';

/** Milliseconds for a closing client to send its pending commands. */
const CLOSE_TIMEOUT = 1_000;

/** Clients of a server: one subscribes, and one replies. The server owns each client that is not given in the options. */
export class Connections {
  readonly subscriber: PubSubClient;
  /** Client that replies; undefined if the options have a `client` and no `publisher`: the server then cannot reply. */
  readonly publisher: Publisher | undefined;

  readonly #own: readonly OwnedClient[];

  private constructor(
    subscriber: PubSubClient,
    publisher: Publisher | undefined,
    own: readonly OwnedClient[],
  ) {
    this.subscriber = subscriber;
    this.publisher = publisher;
    this.#own = own;
  }

  static async open(
    { redis, client, publisher }: ReceiverStrategyOptions,
    listeners: EventListeners,
    signal: AbortSignal,
  ): Promise<Connections> {
    const own: OwnedClient[] = [];
    const open = async (role: Role) => {
      const opened = await openClient(redis, signal, (made) => listeners.watch(role, made));
      own.push(opened);
      return opened;
    };
    if (client) listeners.watch('sub', client);
    if (publisher && isEmitter(publisher)) listeners.watch('pub', publisher);
    try {
      const sub = client ?? (await open('sub'));
      const pub = publisher ?? (client ? undefined : await open('pub'));
      return new Connections(sub, pub, own);
    } catch (error) {
      listeners.release();
      own.forEach(closeClient);
      throw error;
    }
  }

  /** Closes the server's own clients, behind their pending commands. */
  async close(): Promise<void> {
    await Promise.all(
      this.#own.map((client) => firstValueFrom(race(from(end(client)), timer(CLOSE_TIMEOUT)))),
    );
    this.#own.forEach(closeClient);
  }
}

async function end(client: OwnedClient): Promise<void> {
  if (client.isOpen && client.isReady !== false) await client.close().catch(() => undefined);
}

function isEmitter(client: object): client is Emitter {
  return 'on' in client && typeof client.on === 'function' && 'off' in client;
}
