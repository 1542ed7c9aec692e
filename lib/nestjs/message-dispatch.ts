import {
  RedisContext,
  type BaseRpcContext,
  type ConsumerDeserializer,
  type IncomingRequest,
  type WritePacket,
} from '@nestjs/microservices';
import {
  defer,
  isObservable,
  lastValueFrom,
  mergeMap,
  of,
  Subject,
  takeUntil,
  type Observable,
  type Subscription,
} from 'rxjs';
import type { Channel, Message } from '../index.js';
import { inHooks, type ProcessingHooks } from './processing-hooks.js';
import { isReply, type Registration } from './registration.js';
import type { Replies, Request } from './replies.js';

/** What `@nestjs/microservices` has for every transport. */
export interface HandlingServer {
  readonly deserializer: ConsumerDeserializer;
  /** Nest's own: hands over what a stream emits, its error and its end, one packet after the other. */
  send(stream: Observable<unknown>, respond: (packet: WritePacket) => Promise<void>): Subscription;
  /** What the application has set, if it has, to run around each message. */
  hooks(): ProcessingHooks | undefined;
}

export interface DispatchOptions {
  readonly server: HandlingServer;
  readonly registrations: ReadonlyMap<Channel<unknown>, Registration>;
  /** Missing where nothing can be replied. */
  readonly replies: Replies | undefined;
  readonly key: ((message: Message<unknown>) => unknown) | undefined;
  readonly onError: (what: string, error: unknown) => void;
}

type Packet = Partial<IncomingRequest> & { readonly metadata?: unknown };

/** Refusals that may be on their way at a time: a publisher that lags behind is not to pile them up. */
const MOST_REFUSALS = 1_000;
const OVERLOADED = { status: 'error', message: 'The server is overloaded, and did not take this request.' };
const CLOSED = { status: 'error', message: 'The server was closed before this was complete.' };

/** Leads each message to its handler, and what that answers back. */
export class MessageDispatch {
  readonly #options: DispatchOptions;
  /** Fails when the server is closed. */
  readonly #closed = new Subject<never>();
  #isClosed = false;
  #refusals = 0;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  /**
   * Cuts off what is being answered and the streams that handlers have returned, with an error, which goes to who has
   * asked. What comes from now on is not handled: a request is answered with that error.
   */
  close(): void {
    this.#isClosed = true;
    this.#closed.error(CLOSED);
  }

  /** Messages of one key are handled one by one. Never throws. */
  keyOf(message: Message<unknown>): unknown {
    const { key, onError } = this.#options;
    const byDefault = this.#registrationOf(message).handler.isEventHandler ? message.channel : message;
    if (!key) return byDefault;
    try {
      return key(message);
    } catch (error) {
      onError(`No key for a message on ${message.channel}`, error);
      return byDefault;
    }
  }

  /** Resolves when the handler is done, and Redis has its answers. Never rejects. */
  async handle(message: Message<unknown>): Promise<void> {
    if (isReply(message)) return;
    if (this.#isClosed) return this.#refuse(message, CLOSED);
    const registration = this.#registrationOf(message);
    const { server, onError } = this.#options;
    const onFailure = (error: unknown) =>
      onError(`The handler of ${registration.name} failed, on ${message.channel}`, error);
    try {
      const deserialized: unknown = server.deserializer.deserialize(message.data, {
        channel: message.channel,
      });
      // A packet that is there already is handled in this very tick.
      const packet = (isThenable(deserialized) ? await deserialized : deserialized) as Packet;
      const request = this.#requestOf(message, packet);
      // Where Nest 12 has the metadata of a packet; Nest 11 has none.
      const context = new RedisContext([message.channel, packet.metadata] as unknown as [string]);
      const run = (): Promise<unknown> =>
        request ? this.#answer(request, packet, context) : registration.handler(packet.data, context);
      const hooks = server.hooks();
      const work = async () => this.#completion(await run());
      if (hooks) await inHooks(hooks, context, () => work().catch(onFailure));
      else await this.#completion(await run());
    } catch (error) {
      onFailure(error);
    }
  }

  /** Whoever waits for the answer to a message that was dropped learns that there will be none. Never rejects. */
  async refuse(message: Message<unknown>): Promise<void> {
    if (this.#refusals >= MOST_REFUSALS) return;
    this.#refusals++;
    await this.#refuse(message, OVERLOADED);
    this.#refusals--;
  }

  async #refuse(message: Message<unknown>, err: unknown): Promise<void> {
    try {
      const { deserializer } = this.#options.server;
      const packet = await deserializer.deserialize(message.data, { channel: message.channel });
      const request = this.#requestOf(message, packet);
      if (request) await this.#options.replies?.send(request, { err, isDisposed: true });
    } catch {
      // Nobody waits who could be found.
    }
  }

  #registrationOf({ source }: Message<unknown>): Registration {
    return this.#options.registrations.get(source) as Registration;
  }

  #requestOf(message: Message<unknown>, { id }: Packet): Request | undefined {
    const { codec, isAnswering } = this.#registrationOf(message);
    return id !== undefined && isAnswering && this.#options.replies ? { message, id, codec } : undefined;
  }

  #answer(request: Request, { data }: Packet, context: BaseRpcContext): Promise<void> {
    const { server, replies } = this.#options;
    const { handler } = this.#registrationOf(request.message);
    const response = defer(async (): Promise<unknown> => handler(data, context)).pipe(
      mergeMap((value: unknown) => (isObservable(value) ? value : of(value))),
      takeUntil(this.#closed),
    );
    return new Promise((resolve) => {
      server.send(response, async (packet) => {
        await replies?.send(request, packet);
        if (packet.isDisposed) resolve();
      });
    });
  }

  /** An event's handler may resolve to a stream: it is done when that is complete. */
  #completion(result: unknown): Promise<unknown> | undefined {
    if (!isObservable(result)) return undefined;
    return lastValueFrom(result.pipe(takeUntil(this.#closed)), { defaultValue: undefined });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
