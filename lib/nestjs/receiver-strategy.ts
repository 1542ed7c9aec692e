import { Logger } from '@nestjs/common';
import { Server, Transport, type CustomTransportStrategy } from '@nestjs/microservices';
import { firstValueFrom, timer } from 'rxjs';
import { Receiver, type Channel } from '../index.js';
import { invalidArgument } from '../internal.js';
import { EventListeners, type EventListener } from './event-listeners.js';
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

/** Any event of node-redis; its listener learns first which of the two clients it comes from. */
export type ReceiverStrategyEvents = Record<string, EventListener>;

/** A `listen()` that has not succeeded or failed yet. */
interface Opening {
  readonly controller: AbortController;
  /** Never rejects. */
  readonly settled: Promise<unknown>;
}

/** Milliseconds that the last answers have after `drainTimeout`. */
const FAREWELL = 1_000;

/**
 * A transport of Nest's microservices on Redis Pub/Sub. On the wire it is Nest's own Redis transport, whose `ClientProxy`
 * talks to it unchanged.
 *
 * ```typescript
 * const app = await NestFactory.createMicroservice(AppModule, {
 *   strategy: new ReceiverStrategy({ redis: process.env.REDIS_URL }),
 * });
 * await app.listen();
 * ```
 *
 * The name of a handler is subscribed as a pattern if it has a `*`, `?` or `[`, else as a channel; {@link HandlerExtras}
 * say otherwise. Events are handled one by one and in order on each channel, requests side by side, and all of them at
 * most `concurrent` at a time. An event handler of a pattern answers no request that it hears: the channel's own handler
 * does.
 *
 * What fails, a packet that cannot be decoded, a handler or a reply, is logged and disturbs nothing else.
 */
export class ReceiverStrategy
  extends Server<ReceiverStrategyEvents, ReceiverStrategyStatus>
  implements CustomTransportStrategy
{
  /** Handlers that are meant for `Transport.REDIS` alone are served too. */
  override transportId: Transport | symbol = Transport.REDIS;

  /** Tells Nest 12 that what event handlers fail with is reported here. */
  readonly propagatesEventHandlerErrors = true;

  protected override readonly logger = new Logger(ReceiverStrategy.name);

  readonly #options: ResolvedOptions;
  readonly #listeners = new EventListeners();
  readonly #state = new ConnectionState(this._status$, new ClientLog(this.logger), this.#listeners);
  /** Nest's own, that only goes on. */
  readonly #noStartHook: unknown = this.onProcessingStartHook;
  #opening: Opening | undefined;
  #session: Session | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {TypeError} an option that is none */
  constructor(options: ReceiverStrategyOptions = {}) {
    super();
    this.#options = resolveStrategyOptions(options);
    this.initializeSerializer(options as Parameters<typeof this.initializeSerializer>[0]);
    this.initializeDeserializer(options as Parameters<typeof this.initializeDeserializer>[0]);
  }

  /** Connects and subscribes all handlers; calls back when Redis has acknowledged, or with the error. */
  listen(callback: (error?: unknown) => unknown): void {
    this.#open().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  /**
   * Unsubscribes, handles and answers what had come until then, and closes the clients of its own. Reply streams that have
   * begun end with an error; for everything else it waits for `drainTimeout` at the most.
   */
  close(): Promise<void> {
    this.#opening?.controller.abort(new Error('The server was closed while it was connecting.'));
    this.#closing ??= this.#end().finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  /** Listens to an event of both clients, from when they are made. */
  on(event: string, callback: EventListener): void {
    this.#listeners.on(event, callback);
  }

  /** `[publisher, subscriber, receiver]`: the two clients, as Nest's own has them, and the Receiver. */
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
    const { codec } = this.#options;
    let receiver: Receiver<unknown> | undefined;
    try {
      // The signal stops it: it does not wait for an acknowledgement then.
      receiver = new Receiver<unknown>(connections.subscriber, { codec, autoStop: false, signal });
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

  /** Whoever waits for an answer gets one: those whose requests are being handled, and those whose requests wait. */
  async #cutOff(session: Session): Promise<void> {
    const { dispatch, intake } = session;
    this.logger.warn(`Closed with messages that were not handled within ${this.#options.drainTimeout} ms`);
    dispatch.close();
    // What that replies goes out a turn later.
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
    // There is none before an application has set one, whatever its type says.
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
