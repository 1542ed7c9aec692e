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
import { onWire } from './memory-client-core.js';
import { MemoryGroupClient } from './memory-group-client.js';
import type { MemoryMessage, PublishReply } from './memory-message.js';
import { MemoryPublisher } from './memory-publisher.js';
import type { SubscriptionLog } from './subscription-logs.js';
import type { SubscriptionKind } from '../channel-kind.js';
import type { Publisher } from '../publisher.js';

/**
 * Redis Pub/Sub and a node-redis client in one object, for tests: without a server, a socket or a timer.
 *
 * The client behaves as a client of node-redis 6 on Redis 7, with the same counts, order, globs, events, refusals and
 * reconnects, but in the same tick, so that virtual time governs everything. The client is connected from the start.
 *
 * ```ts
 * const redis = new MemoryPubSub();
 * const receiver = new Receiver(redis);
 * receiver.channel('news').subscribe(({ data }) => console.log(data));
 * redis.publish('news', 'hello'); // returns 1, and hello has been printed
 * ```
 *
 * The inherited methods are a client's, for the code under test. The methods below are for the test: publishing by other
 * clients, the time of acknowledgements, and the fate of the connection.
 *
 * @see marbles
 */
export class MemoryPubSub extends MemoryGroupClient {
  /**
   * Commands that this client was asked to send, such as `'SUBSCRIBE a b'`, from the first on, in an Observable that never
   * completes. The commands by which a reconnect subscribes again are not included.
   *
   * ```ts
   * expectObservable(redis.commands).toBe('-s---u', { s: 'SUBSCRIBE a', u: 'UNSUBSCRIBE a' });
   * ```
   */
  get commands(): Observable<string> {
    return this.core.log.commands;
  }

  /** List of the {@link commands} until now. */
  get log(): readonly string[] {
    return this.core.log.list;
  }

  /**
   * Returns the names that this client has subscribed in Redis, in order.
   *
   * ```ts
   * assert.deepEqual(redis.subscriptions('channel'), []); // no subscription is left
   * ```
   */
  subscriptions(kind: SubscriptionKind): string[] {
    return this.core.subscriptions(checkedKind(kind));
  }

  /**
   * Returns the periods in which this client had the name subscribed in Redis, for `expectSubscriptions`. The list grows as
   * time goes on.
   *
   * ```ts
   * expectSubscriptions(redis.subscriptionLog('news')).toBe('-^---!');
   * ```
   */
  subscriptionLog(name: string, kind: SubscriptionKind = 'channel'): SubscriptionLog[] {
    return this.core.logs.of(checkedKind(kind), onWire(checkedName(name, kind)));
  }

  /** Returns another client of the same Redis, with the same options and a connection of its own. */
  duplicate(): MemoryPubSub {
    const other = new MemoryPubSub(this.settings);
    other.join(this.server);
    return other;
  }

  // Publishing by other clients

  /**
   * Publishes as another client does. Returns the number of receivers as Redis counts them: each client once for the channel
   * and once for each of its patterns that match. Calls the listeners before it returns, the channel's before the patterns'.
   * A message published from inside a listener arrives after all earlier messages.
   *
   * ```ts
   * redis.publish('news', 'hello'); // 1
   * redis.publish('news', Buffer.from([0xff])); // 1
   * ```
   *
   * @throws the error of a listener; other listeners of the same name, called after it, miss the message
   */
  publish(channel: string, data: string | Buffer): number {
    return this.server.publish(onWire(checkedName(channel, 'channel')), checkedPayload(data));
  }

  /** Publishes to a sharded channel (SPUBLISH), as {@link publish} does to a channel. */
  sPublish(channel: string, data: string | Buffer): number {
    return this.server.sPublish(onWire(checkedName(channel, 'shard')), checkedPayload(data));
  }

  /**
   * Publishes the messages that the source emits, until the source ends or the subscription is closed.
   *
   * ```ts
   * redis.feed(hot('-a-b', { a: ['news', 'hello'], b: ['news', 'world'] }));
   * ```
   *
   * An error of the source, and a value that is not a message, are reported as RxJS reports an unhandled error.
   */
  feed(source: Observable<MemoryMessage>): Subscription {
    return checkedSource(source).subscribe((message) => {
      this.publish(...checkedMessage(message));
    });
  }

  /**
   * Returns a client for publishing alone, for tests of `publishTo`. Redis publishes at once; `reply` decides the reply and
   * its time: a number, or an Observable, whose first value or error settles the promise at that moment.
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

  /** Withholds requests: Redis neither executes nor acknowledges them from now on, until {@link acknowledge}. */
  withhold(): void {
    this.core.line.withhold();
  }

  /**
   * Executes and acknowledges all waiting requests, in order, and later ones at once (or with the delay of the options).
   * Messages that `beforeResolve` publishes arrive right behind the replies, as in one chunk of the socket: before the
   * promises resolve.
   *
   * ```ts
   * redis.withhold();
   * channel.subscribe(({ data }) => console.log(data));
   * redis.publish('news', 'too early'); // no client is subscribed yet
   * redis.acknowledge(() => redis.publish('news', 'hello'));
   * ```
   */
  acknowledge(beforeResolve?: () => void): void {
    this.core.line.release(checkedHook(beforeResolve));
  }

  /**
   * Executes and acknowledges the oldest waiting request alone, as {@link acknowledge} does. Returns false if none waits.
   */
  acknowledgeNext(beforeResolve?: () => void): boolean {
    return this.core.line.releaseNext(checkedHook(beforeResolve));
  }

  /** Rejects all waiting requests with this error, while the connection looks alive. To refuse a name, use `forbidden`. */
  reject(error: Error): void {
    for (const request of this.core.line.recall()) request.settle(error);
  }

  // The connection

  /**
   * Drops the connection: emits `error` and `reconnecting`, and delivers nothing until {@link reconnect}. Rejects
   * unacknowledged requests with the error; with `'keep'`, these requests have not been written yet, and are sent later.
   * Does nothing while the client is not connected.
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

  /**
   * Fails an attempt to reconnect: emits `error` and `reconnecting`. Does nothing while the client is connected or closed.
   */
  failToReconnect(error: Error = new Error('connect ECONNREFUSED')): void {
    if (!this.isOpen || this.core.hasConnection) return;
    this.emitError(error);
    this.emit('reconnecting');
  }

  /**
   * Restores the connection: emits `connect`, subscribes everything in the registry again, sends the waiting requests, and
   * emits `ready`; all of it at once, unless acknowledgements are delayed or withheld. Returns whether the client is ready.
   * The client is not ready where Redis refuses one of the names: it emits `error` (NOPERM) and `reconnecting`, and the test
   * makes the next attempt.
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
   * Gives up reconnecting, as a client does whose `reconnectStrategy` says so: emits `terminated` and `error`. Rejects
   * unacknowledged requests, and ends streams with a `ConnectionLostError` behind the queued messages.
   */
  giveUp(cause: Error = new Error('connect ECONNREFUSED')): void {
    this.core.end(cause, () => {
      this.emit('terminated', cause);
      this.emitError(cause);
    });
  }
}
