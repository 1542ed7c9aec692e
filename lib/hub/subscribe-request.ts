import type { SubscriptionKind } from '../channel-kind.js';
import { keySlot } from './key-slot.js';
import type { RedisSubscription } from './redis-subscription.js';

/** The operation. `'resubscribe'`: the client has to ask Redis even if it believes to have the names. */
export type Verb = 'subscribe' | 'resubscribe' | 'unsubscribe';

export interface SubscribeRequest {
  readonly verb: Verb;
  readonly kind: SubscriptionKind;
  readonly binary: boolean;
  readonly subscriptions: RedisSubscription[];
}

/** Makes this request the one whose outcome counts for its subscriptions. */
export function assigned(request: SubscribeRequest): SubscribeRequest {
  for (const subscription of request.subscriptions) subscription.request = request;
  return request;
}

/** Returns those of the subscriptions for which this request still counts; the list itself if it counts for all. */
export function ofRequest(
  request: SubscribeRequest,
  subscriptions: RedisSubscription[],
): RedisSubscription[] {
  const isCurrent = (subscription: RedisSubscription) => subscription.request === request;
  return subscriptions.every(isCurrent) ? subscriptions : subscriptions.filter(isCurrent);
}

/** Tells the subscriptions the outcome, unless a later request has replaced this one. */
export function endRequest(request: SubscribeRequest, error: unknown): void {
  for (const subscription of request.subscriptions) {
    if (subscription.request !== request) continue;
    subscription.request = undefined;
    subscription.onOperationEnded(error);
  }
}

/** Returns the same number for names that may share a command. Numbers, because there may be very many names. */
export function keyOf(verb: Verb, { kind, name }: RedisSubscription, binary: boolean): number {
  // A cluster accepts only names of one slot in one command.
  const slot = kind === 'shard' ? keySlot(name) : -1;
  return (slot + 1) * 6 + VERBS.indexOf(verb) * 2 + (binary ? 1 : 0);
}

const VERBS: readonly Verb[] = ['subscribe', 'resubscribe', 'unsubscribe'];
