import { COMMANDS, type PubSubClient } from '../../../lib/hub/client.js';
import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import { originOf } from '../../../lib/hub/shared-emitter.js';

/** Reports each operation on a name that begins before the previous one on this name is answered. */
export function watchOperations(client: PubSubClient, complain: (what: string) => void): void {
  const pending = new Map<string, string>();
  // createClient returns a view of the client; the hub uses the object behind it.
  const origin = originOf(client);
  for (const [kind, { subscribe, unsubscribe }] of Object.entries(COMMANDS)) {
    for (const method of [subscribe, unsubscribe])
      watch(origin, kind as SubscriptionKind, method, pending, complain);
  }
}

function watch(
  client: PubSubClient,
  kind: SubscriptionKind,
  method: (typeof COMMANDS)[SubscriptionKind]['subscribe' | 'unsubscribe'],
  pending: Map<string, string>,
  complain: (what: string) => void,
): void {
  const original = client[method].bind(client);
  client[method] = (names, listener, bufferMode) => {
    // A call without a listener comes from other code: the hub always passes one.
    if ((listener as unknown) === undefined) return original(names, listener, bufferMode);
    const keys = [names].flat().map((name) => `${kind} ${JSON.stringify(name)}`);
    for (const key of keys) {
      const other = pending.get(key);
      if (other !== undefined) complain(`${method} of ${key} while ${other} is in flight`);
      pending.set(key, method);
    }
    const settled = () => keys.forEach((key) => pending.delete(key));
    const answer = original(names, listener, bufferMode);
    answer.then(settled, settled);
    return answer;
  };
}
