import { PushReader } from './push-reader.js';
import { isUntouched, queueOf, type ClientDecoder } from './seam.js';
import { tryOn } from './trial.js';

/** The readers, by the decoder that they stand in front of. */
const readers = new WeakMap<ClientDecoder, PushReader>();

/**
 * Puts a reader in front of the decoder of a single server's client; returns false if none is put there: one is there already,
 * other code has changed the decoder, or the reader does not know or does not suit this version of the client. The client then
 * reads as it always does.
 */
export function installPushReader(client: object): boolean {
  const queue = queueOf(client);
  if (!queue || !isUntouched(queue.decoder)) return false;
  const pubSubTypes = tryOn(queue);
  if (!pubSubTypes) return false;
  readers.set(queue.decoder, new PushReader(queue, pubSubTypes));
  return true;
}

/** Removes the reader of a client, if it has one. */
export function removePushReader(client: object): void {
  const decoder = queueOf(client)?.decoder;
  const reader = decoder && readers.get(decoder);
  if (!reader) return;
  readers.delete(decoder);
  reader.remove();
}
