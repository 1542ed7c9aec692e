import type { Observable, Subscription } from 'rxjs';
import {
  checkedFate,
  checkedHook,
  checkedKind,
  checkedMessage,
  checkedName,
  checkedPayload,
  checkedSource,
} from './checks.js';
import { MemoryClient } from './memory-client.js';
import { onWire } from './memory-client-core.js';
import type { MemoryMessage, PublishReply } from './memory-message.js';
import { MemoryPublisher } from './memory-publisher.js';
import type { SubscriptionLog } from './subscription-logs.js';
import type { ChannelKind } from '../channel-kind.js';
import type { Publisher } from '../hub/client.js';

/**
 * Redis Pub/Sub and a node-redis client of it in one object, without a server, a socket or a timer: for tests.
 *
 * It does what a client of node-redis 6 on Redis 7 does, with the same counts, order, globs, events, refusals and
 * reconnects, but in the same tick, so that virtual time governs everything. It is connected from the start.
 *
 * ```ts
 * const redis = new MemoryPubSub();
 * const receiver = new Receiver(redis);
 * receiver.channel('news').subscribe(({ data }) => console.log(data));
 * redis.publish('news', 'hello'); // returns 1, and hello has been printed
 * ```
 *
 * Its inherited methods are those of a client, for the code under test; the ones below are for the test: what others
 * publish, when Redis acknowledges, and what becomes of the connection.
 *
 * @see marbles
 */
export class MemoryPubSub extends MemoryClient {
  /**
   * What this client was asked to send, such as `'SUBSCRIBE a b'`, from the first on; it never completes. What a reconnect
   * subscribes again is not among it.
   *
   * ```ts
   * expectObservable(redis.commands).toBe('-s---u', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
   * ```
   */
  get commands(): Observable<string> {
    return this.core.log.commands;
  }

  /** {@link commands} until now. */
  get log(): readonly string[] {
    return this.core.log.list;
  }

  /**
   * The names that this client has subscribed in Redis, in order.
   *
   * ```ts
   * assert.deepEqual(redis.subscriptions('channel'), []); // nothing is left
   * ```
   */
  subscriptions(kind: ChannelKind): string[] {
    return this.core.subscriptions(checkedKind(kind));
  }

  /**
   * From when to when this client had the name subscribed in Redis: for `expectSubscriptions`. It grows as time goes on.
   *
   * ```ts
   * expectSubscriptions(redis.subscriptionLog('news')).toBe('-^---!');
   * ```
   */
  subscriptionLog(name: string, kind: ChannelKind = 'channel'): SubscriptionLog[] {
    return this.core.logs.of(checkedKind(kind), onWire(checkedName(name, kind)));
  }

  /** Another client of the same Redis, with the same options and a connection of its own. */
  duplicate(): MemoryPubSub {
    const other = new MemoryPubSub(this.settings);
    other.join(this.server);
    return other;
  }

  // What others publish

  /**
   * Somebody publishes. Returns the receivers as Redis counts them: each client once for the channel and once for each of
   * its patterns that match. Listeners are called before it returns, the channel's before the patterns'; what is published
   * from inside a listener comes when all that was before it has come.
   *
   * ```ts
   * redis.publish('news', 'hello'); // 1
   * redis.publish('news', Buffer.from([0xff])); // 1
   * ```
   *
   * @throws what a listener throws; nothing else is lost by it
   */
  publish(channel: string, data: string | Buffer): number {
    return this.server.publish(onWire(checkedName(channel, 'channel')), checkedPayload(data));
  }

  /** SPUBLISH: as {@link publish}, to those who have subscribed the sharded channel. */
  sPublish(channel: string, data: string | Buffer): number {
    return this.server.sPublish(onWire(checkedName(channel, 'shard')), checkedPayload(data));
  }

  /**
   * Publishes what the source emits, until it ends or the subscription is closed.
   *
   * ```ts
   * redis.feed(hot('-a-b', { a: ['news', 'hello'], b: ['news', 'world'] }));
   * ```
   *
   * An error of the source, and a value that is no message, are reported as RxJS reports errors that nobody handles.
   */
  feed(source: Observable<MemoryMessage>): Subscription {
    return checkedSource(source).subscribe((message) => {
      this.publish(...checkedMessage(message));
    });
  }

  /**
   * A client for publishing alone, for tests of `publishTo`. Redis publishes at once; `reply` says what it answers, and
   * when: a number, or an Observable, whose first value or error settles the promise in that moment.
   *
   * ```ts
   * const slow = redis.publisher(({ receivers }) => of(receivers).pipe(delay(5)));
   * expectObservable(hot('-a').pipe(publishTo(slow, 'news'))).toBe('------n', { n: 0 });
   * ```
   *
   * @param reply by default the number of receivers, at once
   */
  publisher(reply: PublishReply = ({ receivers }) => receivers): Required<Publisher> {
    return new MemoryPublisher(this, reply);
  }

  // Acknowledgements

  /** Requests are neither executed nor acknowledged from now on, until {@link acknowledge}. */
  withhold(): void {
    this.core.line.withhold();
  }

  /**
   * Redis executes and acknowledges all that waits, in order, and from now on at once (or with the delay of the options).
   * What `beforeResolve` publishes comes right behind the replies, as in one chunk of the socket: before the promises
   * resolve.
   *
   * ```ts
   * redis.withhold();
   * channel.subscribe(({ data }) => console.log(data));
   * redis.publish('news', 'too early'); // nobody is subscribed yet
   * redis.acknowledge(() => redis.publish('news', 'hello'));
   * ```
   */
  acknowledge(beforeResolve?: () => void): void {
    this.core.line.release(checkedHook(beforeResolve));
  }

  /** As {@link acknowledge} the oldest of what waits, alone; false if nothing waits. */
  acknowledgeNext(beforeResolve?: () => void): boolean {
    return this.core.line.releaseNext(checkedHook(beforeResolve));
  }

  /** What waits fails with this error, while the connection looks alive. For a name that Redis refuses: `forbidden`. */
  reject(error: Error): void {
    for (const request of this.core.line.recall()) request.settle(error);
  }

  // The connection

  /**
   * The connection dies: `error`, `reconnecting`, and nothing comes until {@link reconnect}. What was not acknowledged is
   * rejected with the error; `'keep'`: it had not been written yet, and will be. Does nothing while it is not connected.
   *
   * ```ts
   * redis.disconnect();
   * redis.publish('news', 'lost'); // 0
   * redis.reconnect();
   * redis.publish('news', 'heard'); // 1
   * ```
   */
  disconnect(
    error: Error = new Error('Socket closed unexpectedly'),
    requests: 'reject' | 'keep' = 'reject',
  ): void {
    this.core.disconnect(error, checkedFate(requests));
  }

  /** A try to reconnect fails: `error`, `reconnecting`. Does nothing while it is connected. */
  failToReconnect(error: Error = new Error('connect ECONNREFUSED')): void {
    if (!this.isOpen || this.core.hasConnection) return;
    this.emitError(error);
    this.emit('reconnecting');
  }

  /**
   * The connection is back: `connect`, then what the registry holds is subscribed again and what waited is sent, then
   * `ready`; all of it at once, unless acknowledgements are delayed or withheld. Returns whether the client is ready. It is
   * not where Redis refuses one of the names: `error` (NOPERM), `reconnecting`, and the next try is yours.
   *
   * @throws if the client was closed or has given up
   */
  reconnect(): boolean {
    if (!this.isOpen)
      throw new Error(
        'The client was closed or has given up, and does not reconnect: call connect() instead.',
      );
    this.core.reconnect();
    return this.isReady;
  }

  /**
   * The client gives up for good, as where its `reconnectStrategy` says no: `terminated`, `error`. What is not acknowledged
   * fails, and streams end with a {@link ConnectionLostError} behind what is queued.
   */
  giveUp(cause: Error = new Error('connect ECONNREFUSED')): void {
    this.core.end(cause, () => {
      this.emit('terminated', cause);
      this.emitError(cause);
    });
  }
}
