import { asyncScheduler } from 'rxjs';
import { onAbort } from '../abort.js';
import { holdWritesWhileOffline } from '../cluster/hold-writes.js';
import { debugLog } from '../debug-log.js';
import type { ServerClient } from '../hub/client.js';
import { isReaderFailure } from '../hub/connection.js';
import { abortError } from './abort-error.js';
import { loadFactory, type OwnedClient } from './client-factory.js';
import { closeClient } from '../hub/close-client.js';
import { Diagnosis } from './diagnose.js';
import { parseOpenOptions, type OpenOptions, type OpenTarget } from './open-options.js';
import { addressesOf, describeTarget } from './server-address.js';
import { Tries, type OnFailedTry } from './tries.js';

export { closeClient } from '../hub/close-client.js';
export type { OnFailedTry } from './tries.js';

/**
 * Creates a client that notices a half-open connection and never gives up, and connects it. `onMade` gets each client before
 * it connects; `onFailedTry` is told of each failed attempt, now and when the connection is lost later.
 */
export async function openClient(
  redis: string | OpenOptions = {},
  signal?: AbortSignal,
  onMade?: (client: OwnedClient) => void,
  onFailedTry?: OnFailedTry,
): Promise<OwnedClient> {
  const target = parseOpenOptions(redis);
  const create = await loadFactory(target);
  signal?.throwIfAborted();
  const tries = new Tries(target, onFailedTry);
  for (let retries = 0; ; retries++) {
    const client = create();
    if (target.kind === 'server') reconnectWhenOutOfStep(client);
    holdWritesWhileOffline(client);
    onMade?.(client);
    const { attempt } = tries;
    try {
      await connect(client, target, signal, tries);
      tries.opened();
      debugLog(() => `connected to ${describeTarget(target)}`);
      return client;
    } catch (error) {
      if (signal?.aborted) throw abortError(signal, tries);
      // A cluster or Sentinel client does not retry its first connection by itself.
      const pause = target.kind === 'server' || isRefusal(error) ? false : target.retryIn(retries, error);
      if (pause === false) throw tries.explain(error);
      tries.rejected(error, attempt);
      await wait(pause, signal);
      if (signal?.aborted) throw abortError(signal, tries);
    }
  }
}

function connect(
  client: OwnedClient,
  target: OpenTarget,
  signal: AbortSignal | undefined,
  tries: Tries,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isConnecting = true;
    const settle = (outcome: () => void) => {
      isConnecting = false;
      forget?.();
      diagnosis.end();
      outcome();
    };
    const giveUp = (reason: unknown) => {
      tries.ignore();
      closeClient(client);
      if (isConnecting) settle(() => reject(reason));
    };
    // An 'error' event without a listener would crash the process, so this listener stays.
    const onError = (error: unknown) => {
      if (!isConnecting) return;
      if (isRefusal(error)) giveUp(error);
      else diagnosis.onFailedTry(error);
    };
    client.on('error', onError);
    client.on('node-error', onError);
    const diagnosis = new Diagnosis(addressesOf(target), giveUp);
    // Added after the listener that closes a client whose connection is refused: no attempt follows that one.
    tries.watch(client);
    const forget = signal && onAbort(signal, () => giveUp(signal.reason));
    client.connect().then(() => {
      if (isConnecting) settle(resolve);
      // The client was given up meanwhile, and has connected all the same.
      else closeClient(client);
    }, giveUp);
  });
}

/**
 * Returns whether another attempt would fail, too: a wrong password, or one that cannot be decoded from a URL; a user
 * without permission; a certificate that one of the two sides does not trust.
 */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message = '', code = '', cause } = error as Partial<NodeJS.ErrnoException>;
  if (error instanceof URIError) return true;
  return REFUSALS.test(message) || UNTRUSTED.test(code) || ALERTS.test(code) || isRefusal(cause);
}

/** Error replies of Redis. */
const REFUSALS = /^(NOAUTH|WRONGPASS|NOPERM|DENIED|ERR (?!max number of clients)) ?/;
/** Codes of OpenSSL and Node for an untrusted certificate of the server. */
const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|ERR_TLS_CERT_)/;

/** Codes of OpenSSL for alerts of the server: a certificate that is missing or not trusted, or an unsupported version. */
const ALERTS =
  /^ERR_SSL_\w*ALERT_(CERTIFICATE_|NO_CERTIFICATE|BAD_CERT|UNSUPPORTED_CERT|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_|PROTOCOL_|INSUFFICIENT_)/;

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.unsubscribe();
      forget?.();
      resolve();
    };
    const timer = asyncScheduler.schedule(end, milliseconds);
    const forget = signal && onAbort(signal, end);
  });
}

/**
 * Makes the server close the connection of a client whose reader has failed: a reply may be lost, and then each command
 * would get the reply of another. The client reconnects by itself.
 */
function reconnectWhenOutOfStep(client: OwnedClient & ServerClient): void {
  let isQuitting = false;
  client.on('ready', () => {
    isQuitting = false;
  });
  client.on('error', (error) => {
    if (isQuitting || !isReaderFailure(client, error)) return;
    isQuitting = true;
    client.sendCommand?.(['QUIT']).catch(() => undefined);
  });
}
