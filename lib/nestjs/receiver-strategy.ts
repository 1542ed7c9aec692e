import { Logger } from '@nestjs/common';
import { Server, Transport, type CustomTransportStrategy } from '@nestjs/microservices';
import { firstValueFrom, timer } from 'rxjs';
import { Receiver, type Channel } from '../index.js';
import { invalidArgument } from '../internal.js';
import { EventListeners } from './event-listeners.js';
import { ClientLog } from './client-log.js';
import { ConnectionState, type ReceiverStrategyStatus } from './connection-state.js';
import { Connections } from './connections.js';
import { errorText, stackOf } from './error-text.js';
import { MessageIntake } from './message-intake.js';
import {
  resolveStrategyOptions,
  type ReceiverStrategyOptions,
  type ResolvedOptions,
} from './receiver-strategy-options.js';
import { MessageDispatch, type HandlingServer } from './message-dispatch.js';
import type { ProcessingHooks } from './processing-hooks.js';
import { register, type Registration } from './registration.js';
import { Replies } from './replies.js';
import { isDone, type Session } from './session.js';

/**
 * Listeners by event of node-redis. Their first argument is the role of the client that emitted the event: `'sub'` for the
 * client that subscribes, `'pub'` for the client that replies.
 */
export type ReceiverStrategyEvents = Record<string, (role: 'sub' | 'pub', ...args: unknown[]) => void>;

/** Call of `listen()` that has not succeeded or failed yet. */
interface Opening {
  readonly controller: AbortController;
  /** Promise that never rejects. */
  readonly settled: Promise<unknown>;
}

/** Milliseconds for the last answers after `drainTimeout`. */
const FAREWELL = 1_000;

/**
 * Transport of Nest's microservices on Redis Pub/Sub. The format on the wire is that of Nest's own Redis transport, so
 * Nest's `ClientProxy` for Redis works with the strategy unchanged.
 *
 * ```typescript
 * const app = await NestFactory.createMicroservice(AppModule, {
 *   strategy: new ReceiverStrategy({ redis: process.env.REDIS_URL }),
 * });
 * await app.listen();
 * ```
 *
 * The strategy subscribes the name of a handler as a pattern if the name has an unescaped `*`, `?` or `[`, and otherwise as
 * a channel; {@link HandlerExtras} override this. Events are handled one by one and in order on each channel, requests side
 * by side, and all of them at most `concurrent` at a time. An event handler of a pattern does not answer the requests that
 * it receives: the channel's own handler does.
 *
 * A failure, such as a packet that cannot be decoded, or an error of a handler or a reply, is logged and affects no other
 * message.
 */
export class ReceiverStrategy
  extends Server<ReceiverStrategyEvents, ReceiverStrategyStatus>
  implements CustomTransportStrategy
{
  /** Transport of the handlers: handlers that are meant for `Transport.REDIS` alone are served too. */
  override transportId: Transport | symbol = Transport.REDIS;

  /** Flag for Nest 12: the strategy itself reports the errors of event handlers. */
  readonly propagatesEventHandlerErrors = true;

  /** Logger whose context is the name of this class. */
  protected override readonly logger = new Logger(ReceiverStrategy.name);

  readonly #options: ResolvedOptions;
  readonly #listeners = new EventListeners();
  readonly #state = new ConnectionState(this._status$, new ClientLog(this.logger), this.#listeners);
  /** Default hook of Nest, which only calls `done`. */
  readonly #noStartHook: unknown = this.onProcessingStartHook;
  #opening: Opening | undefined;
  #session: Session | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {TypeError} if an option is unknown or invalid */
  constructor(options: ReceiverStrategyOptions = {}) {
    super();
    this.#options = resolveStrategyOptions(options);
    this.initializeSerializer(options as Parameters<typeof this.initializeSerializer>[0]);
    this.initializeDeserializer(options as Parameters<typeof this.initializeDeserializer>[0]);
  }

  /** Connects and subscribes all handlers. Calls back when Redis has acknowledged, or with the error. */
  listen(callback: (error?: unknown) => unknown): void {
    this.#open().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  /**
   * Unsubscribes, handles and answers the messages that had arrived until then, and closes the strategy's own clients. Reply
   * streams that have begun end with an error; for everything else, `close()` waits for `drainTimeout` at the most.
   */
  close(): Promise<void> {
    this.#opening?.controller.abort(new Error('The server was closed while it was connecting.'));
    this.#closing ??= this.#end().finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  /** Listens to an event of both clients, from the moment when they are made. */
  on(event: string, callback: ReceiverStrategyEvents[string]): void {
    this.#listeners.on(event, callback);
  }

  /** Returns `[publisher, subscriber, receiver]`: the two clients, as Nest's own transport does, and the Receiver. */
  override readonly unwrap: Server['unwrap'] = () => {
    if (!this.#session)
      throw new Error('The server does not listen. Await listen() or startAllMicroservices().');
    const { connections, receiver } = this.#session;
    return [connections.publisher, connections.subscriber, receiver] as never;
  };

  async #open(): Promise<void> {
    if (this.#opening ?? (this.#session && !this.#closing)) {
      throw new Error('The server listens already. Close it first.');
    }
    const controller = new AbortController();
    const session = this.#connect(controller.signal, this.#closing);
    this.#opening = { controller, settled: session.catch(() => undefined) };
    try {
      this.#session = await session;
    } finally {
      this.#opening = undefined;
    }
    this.#state.begin();
  }

  async #connect(signal: AbortSignal, earlier: Promise<void> | undefined): Promise<Session> {
    await earlier;
    const connections = await Connections.open(this.#options, this.#listeners, signal);
    const { codec, reader } = this.#options;
    let receiver: Receiver<unknown> | undefined;
    try {
      // The signal stops the Receiver, which then does not wait for an acknowledgement.
      receiver = new Receiver<unknown>(connections.subscriber, { codec, autoStop: false, signal, reader });
      const dispatch = this.#dispatch(this.#register(receiver, connections), connections);
      receiver.events.subscribe((event) => this.#state.onEvent(event));
      await receiver.connect();
      signal.throwIfAborted();
      return { connections, receiver, dispatch, intake: this.#takeIn(receiver, dispatch) };
    } catch (error) {
      await receiver?.stop();
      await this.#release(connections);
      throw signal.aborted ? signal.reason : error;
    }
  }

  async #end(): Promise<void> {
    await this.#opening?.settled;
    const session = this.#session;
    if (!session) return;
    const { connections, receiver, dispatch, intake } = session;
    this.#state.end();
    dispatch.endStreams();
    await receiver.drain();
    if (!(await isDone(session, this.#options.drainTimeout))) await this.#cutOff(session);
    intake.stop();
    await this.#release(connections);
    this.#session = undefined;
    this._status$.next('disconnected');
  }

  /** Answers the open requests with an error: the requests that are being handled, and the requests that wait. */
  async #cutOff(session: Session): Promise<void> {
    const { dispatch, intake } = session;
    this.logger.warn(`Closed with messages that were not handled within ${this.#options.drainTimeout} ms`);
    dispatch.close();
    // The replies of `dispatch.close()` go out a turn later.
    await firstValueFrom(timer(0));
    intake.giveUp();
    await isDone(session, FAREWELL);
  }

  #register(receiver: Receiver<unknown>, { publisher }: Connections): Map<Channel<unknown>, Registration> {
    const registrations = new Map<Channel<unknown>, Registration>();
    for (const [name, handler] of this.messageHandlers) {
      if (!handler.isEventHandler && !publisher) {
        const advice = `The handler of ${name} could not answer.`;
        throw invalidArgument("the option 'publisher'", "a client, beside 'client'", publisher, advice);
      }
      const registration = register(receiver, name, handler, this.#options.codec);
      registrations.set(registration.channel, registration);
    }
    return registrations;
  }

  #dispatch(registrations: ReadonlyMap<Channel<unknown>, Registration>, { publisher }: Connections) {
    const onError = (what: string, error: unknown) => this.#report(what, error);
    const server: HandlingServer = {
      deserializer: this.deserializer,
      send: (stream, respond) => this.send(stream, respond),
      hooks: () => this.#hooks(),
    };
    const replies = publisher && new Replies({ publisher, serializer: this.serializer, onError });
    return new MessageDispatch({ server, registrations, replies, key: this.#options.key, onError });
  }

  #takeIn(receiver: Receiver<unknown>, dispatch: MessageDispatch): MessageIntake {
    const { concurrent, capacity, overflow } = this.#options;
    return new MessageIntake(receiver, {
      concurrent,
      capacity,
      overflow,
      key: (message) => dispatch.keyOf(message),
      handle: (message) => dispatch.handle(message),
      onDrop: (message) => void dispatch.refuse(message),
      onFull: (waiting) => this.logger.warn(fullText(concurrent, waiting)),
      onDropped: (count) => this.logger.warn(`Too much to handle: ${count} messages were dropped so far`),
      onError: (error) => this.logger.error(error.message, error.stack),
    });
  }

  #hooks(): ProcessingHooks | undefined {
    const id = this.transportId;
    const start = this.onProcessingStartHook as (...args: unknown[]) => unknown;
    // The end hook is undefined until an application has set one, whatever its type says.
    const end = this.onProcessingEndHook as typeof this.onProcessingEndHook | undefined;
    if (start === this.#noStartHook && !end) return undefined;
    return {
      start: (context, done) => start(id, context, done),
      end: (context) => end?.(id, context),
    };
  }

  async #release(connections: Connections): Promise<void> {
    this.#listeners.release();
    await connections.close();
  }

  #report(what: string, error: unknown): void {
    this.logger.error(`${what}: ${errorText(error)}`, stackOf(error));
  }
}

function fullText(concurrent: number, waiting: number): string {
  const busy = `All ${concurrent} slots for messages are busy, and ${waiting} messages wait`;
  return `${busy}: handlers that never end hold them up, or 'concurrent' is too low`;
}
