import type { SubscriptionKind } from '../channel-kind.js';
import type { IoredisInternals, NameSet } from './ioredis-client.js';
import { KIND_NAMES } from './kinds.js';

type Subscriber = NameSet | false | null | undefined;

/**
 * Keeps a connection listening while it has names. Redis counts sharded channels apart from channels and patterns, and ioredis
 * takes the 0 of either count for the last name of all: from then on it would drop the messages of the others.
 */
export function keepListening({ condition }: IoredisInternals): void {
  if (!condition || Object.getOwnPropertyDescriptor(condition, 'subscriber')?.set) return;
  let subscriber: Subscriber = condition.subscriber;
  Object.defineProperty(condition, 'subscriber', {
    configurable: true,
    enumerable: true,
    get: () => subscriber,
    set: (next: Subscriber) => {
      if (next || !subscriber || isEmpty(subscriber)) subscriber = next;
    },
  });
}

/** Takes the empty name out of the names on this connection: ioredis leaves it there when Redis has unsubscribed it. */
export function dropEmptyName({ condition }: IoredisInternals, kind: SubscriptionKind): void {
  if (!condition?.subscriber) return;
  condition.subscriber.del(KIND_NAMES[kind].subscribe, '');
  condition.subscriber = false;
}

function isEmpty(names: NameSet): boolean {
  return Object.values(KIND_NAMES).every(({ subscribe }) => names.channels(subscribe).length === 0);
}
