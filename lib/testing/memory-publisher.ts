import { isObservable, take, throwIfEmpty, type Observable } from 'rxjs';
import { Acknowledgement } from './acknowledgement.js';
import { checkedReplier } from './checks.js';
import type { PublishReply } from './memory-message.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { Publisher } from '../publisher.js';

type Publish = (channel: string, data: string | Buffer) => number;

/** Client for publishing alone. Its promises settle at the moment of the reply. */
export class MemoryPublisher implements Publisher {
  readonly #redis: Readonly<Record<'publish' | 'sPublish', Publish>>;
  readonly #reply: PublishReply;

  constructor(redis: Readonly<Record<'publish' | 'sPublish', Publish>>, reply: PublishReply) {
    this.#redis = redis;
    this.#reply = checkedReplier(reply);
  }

  /** Publishes to a channel (PUBLISH). */
  publish(channel: string, data: string | Buffer): Promise<number> {
    return this.#send(channel, data, false);
  }

  /** Publishes to a sharded channel (SPUBLISH). */
  sPublish(channel: string, data: string | Buffer): Promise<number> {
    return this.#send(channel, data, true);
  }

  #send(channel: string, data: string | Buffer, sharded: boolean): Promise<number> {
    const promise = new Acknowledgement<number>();
    try {
      const receivers = this.#redis[sharded ? 'sPublish' : 'publish'](channel, data);
      const reply = this.#reply({ channel, data, sharded, receivers });
      if (typeof reply === 'number') promise.resolve(reply);
      else if (isObservable(reply)) settleWith(reply, promise);
      else throw invalidArgument('a reply', 'a number or an Observable of one', reply);
    } catch (error) {
      promise.reject(error);
    }
    return promise;
  }
}

function settleWith(reply: Observable<number>, promise: Acknowledgement<number>): void {
  reply.pipe(take(1), throwIfEmpty()).subscribe({
    next: (receivers) => promise.resolve(receivers),
    error: (error) => promise.reject(error),
  });
}
