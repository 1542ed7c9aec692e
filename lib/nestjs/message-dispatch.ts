import {
  RedisContext,
  type BaseRpcContext,
  type ConsumerDeserializer,
  type IncomingRequest,
} from '@nestjs/microservices';
import { defer, isObservable, lastValueFrom, mergeMap, of, Subject, takeUntil } from 'rxjs';
import type { Channel, Message } from '../index.js';
import { Answer, type Send } from './answer.js';
import { inHooks, type ProcessingHooks } from './processing-hooks.js';
import { isReply, type Registration } from './registration.js';
import type { Replies, Request } from './replies.js';

/** Parts of a server that `@nestjs/microservices` has for every transport. */
export interface HandlingServer {
  readonly deserializer: ConsumerDeserializer;
  readonly send: Send;
  /** Returns the hooks that run around each message, if the application has set any. */
  hooks(): ProcessingHooks | undefined;
}

export interface DispatchOptions {
  readonly server: HandlingServer;
  readonly registrations: ReadonlyMap<Channel<unknown>, Registration>;
  /** Replies to requests; undefined if the server cannot reply. */
  readonly replies: Replies | undefined;
  readonly key: ((message: Message<unknown>) => unknown) | undefined;
  readonly onError: (what: string, error: unknown) => void;
}

type Packet = Partial<IncomingRequest> & { readonly metadata?: unknown };

/** Maximum number of refusals in flight, so that they do not pile up in a publisher that lags behind. */
const MOST_REFUSALS = 1_000;
const OVERLOADED = { status: 'error', message: 'The server is overloaded, and did not take this request.' };
const CLOSED = { status: 'error', message: 'The server was closed before this was complete.' };

/** Dispatcher that passes each message to its handler, and the handler's answer to the client. */
export class MessageDispatch {
  readonly #options: DispatchOptions;
  /** Subject that fails when the server is closed. */
  readonly #closed = new Subject<never>();
  /** Requests that are being answered, each with a promise of its completion. */
  readonly #answers = new Map<Answer, Promise<void>>();
  #isClosed = false;
  #refusals = 0;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  /** Ends the reply streams that have begun. Each client receives an error. */
  endStreams(): void {
    for (const answer of this.#answers.keys()) {
      if (answer.hasBegun) answer.cutOff(CLOSED);
    }
  }

  /** Resolves when the requests that are being answered now are done. Never rejects. */
  async whenAnswered(): Promise<void> {
    await Promise.all(this.#answers.values());
  }

  /**
   * Ends every open answer, and every stream of an event handler, with an error. The clients of the requests receive the
   * error. From now on, messages are not handled: a request is answered with that error.
   */
  close(): void {
    this.#isClosed = true;
    for (const answer of this.#answers.keys()) answer.cutOff(CLOSED);
    this.#closed.error(CLOSED);
  }

  /** Returns the key of a message: messages of one key are handled one by one. Never throws. */
  keyOf(message: Message<unknown>): unknown {
    const { key, onError } = this.#options;
    const isOrdered = this.#registrationOf(message).handler.isEventHandler && !message.ack;
    const byDefault = isOrdered ? message.channel : message;
    if (!key) return byDefault;
    try {
      return key(message);
    } catch (error) {
      onError(`No key for a message on ${message.channel}`, error);
      return byDefault;
    }
  }

  /**
   * Handles a message. Resolves when the handler of an event is done, or when Redis has the first reply to a request: the
   * rest of a reply stream, which may never end, holds up no other message. Never rejects.
   */
  async handle(message: Message<unknown>): Promise<void> {
    if (isReply(message)) return;
    // Another instance handles the event.
    if (this.#isClosed && message.ack) return new Promise(() => undefined);
    if (this.#isClosed) return this.#refuse(message, CLOSED);
    const registration = this.#registrationOf(message);
    const { server, onError } = this.#options;
    const onFailure = (error: unknown) => {
      message.nack?.();
      onError(`The handler of ${registration.name} failed, on ${message.channel}`, error);
    };
    try {
      const deserialized: unknown = server.deserializer.deserialize(message.data, {
        channel: message.channel,
      });
      // A packet that was deserialized synchronously is handled in this very tick.
      const packet = (isThenable(deserialized) ? await deserialized : deserialized) as Packet;
      const request = this.#requestOf(message, packet);
      // Nest 12 has the metadata of a packet at this place; Nest 11 has no metadata.
      const context = new RedisContext([message.channel, packet.metadata] as unknown as [string]);
      const hooks = server.hooks();
      if (request) {
        await this.#answer(request, packet, context, hooks);
        return;
      }
      const run = () => registration.handler(packet.data, context);
      const work = async () => this.#completion(await run());
      if (hooks) await inHooks(hooks, context, () => work().catch(onFailure));
      else await this.#completion(await run());
    } catch (error) {
      onFailure(error);
    }
  }

  /** Answers a dropped request with an error, so that its client does not wait in vain. Never rejects. */
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
      // A packet that cannot be read names no client that waits.
    }
  }

  #registrationOf({ source }: Message<unknown>): Registration {
    return this.#options.registrations.get(source) as Registration;
  }

  #requestOf(message: Message<unknown>, { id }: Packet): Request | undefined {
    const { codec, isAnswering } = this.#registrationOf(message);
    return id !== undefined && isAnswering && this.#options.replies ? { message, id, codec } : undefined;
  }

  #answer(
    request: Request,
    { data }: Packet,
    context: BaseRpcContext,
    hooks: ProcessingHooks | undefined,
  ): Promise<void> {
    const { server, replies } = this.#options;
    const { handler } = this.#registrationOf(request.message);
    const response = defer(async (): Promise<unknown> => handler(data, context)).pipe(
      mergeMap((value: unknown) => (isObservable(value) ? value : of(value))),
    );
    const answer = new Answer();
    const work = () =>
      answer.send(response, server.send, async (packet) => (await replies?.send(request, packet)) ?? true);
    const done = (hooks ? inHooks(hooks, context, work) : work()).finally(() => this.#answers.delete(answer));
    this.#answers.set(
      answer,
      done.catch(() => undefined),
    );
    return Promise.race([answer.begun, done]);
  }

  /** Waits for the stream that an event handler may have returned: the handler is done when the stream completes. */
  #completion(result: unknown): Promise<unknown> | undefined {
    if (!isObservable(result)) return undefined;
    return lastValueFrom(result.pipe(takeUntil(this.#closed)), { defaultValue: undefined });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
