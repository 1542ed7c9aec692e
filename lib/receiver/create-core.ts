import { onAbort } from '../abort.js';
import { hubOf } from '../cluster/hub-of.js';
import { assertPubSubClient, type PubSubClient } from '../hub/client.js';
import type { RetryReporter } from '../open/retry-reporter.js';
import { RECEIVER_OPTIONS, type ReceiverOptions } from '../receiver-options.js';
import { ReceiverCore } from './receiver-core.js';
import { registerTopics } from './register-topics.js';
import { resolveOptions } from './resolve-options.js';

/** The key under which `Receiver.open` hands an {@link Owned} to the constructor. */
export const OWNED = Symbol('owned');

/** The companions of a client that the Receiver owns. */
export interface Owned {
  readonly reporter: RetryReporter;
  close(): void;
}

/** Creates the core of a Receiver, which stops when the signal aborts, and then closes a client of its own. */
export function createCore(client: PubSubClient, options: ReceiverOptions<unknown>): ReceiverCore {
  assertPubSubClient(client);
  const owned = (options as { readonly [OWNED]?: Owned } | null)?.[OWNED];
  const { reader, ...resolved } = resolveOptions(options, RECEIVER_OPTIONS);
  const hub = hubOf(client);
  const { signal } = options;
  const stop = () => void core.ending.stop();
  const core = new ReceiverCore({
    ...resolved,
    client,
    hub,
    // Channels on another client than the Receiver's leave that client alone.
    readerOf: (other) => (other === hub ? reader : undefined),
    onStopped: () => {
      forget?.();
      owned?.close();
    },
  });
  owned?.reporter.attach(core);
  if (resolved.topics) registerTopics(core, resolved.topics);
  const forget = signal && onAbort(signal, stop);
  if (signal?.aborted) stop();
  return core;
}
