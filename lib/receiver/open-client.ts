import { asyncScheduler } from 'rxjs';
import { onAbort } from '../abort.js';
import type { ServerClient } from '../hub/client.js';
import { isReaderFailure } from '../hub/connection.js';
import { loadFactory, type OwnedClient } from './client-factory.js';
import { closeClient } from './close-client.js';
import { diagnose } from './diagnose.js';
import { parseOpenOptions, type OpenOptions, type OpenTarget } from './open-options.js';
import { addressOf, describeTarget } from './server-address.js';

export { closeClient } from './close-client.js';

/** Hears of each failed try to connect to `where`; `attempt` counts from 1 in each outage. */
export type OnFailedTry = (error: Error, attempt: number, where: string) => void;

/**
 * Makes a client that notices a half-open connection and never gives up, and connects it. `onMade` gets each one that it
 * tries, before that is connected; `onFailedTry` hears of the tries that fail, now and, on a single server, later.
 */
export async function openClient(
  redis: string | OpenOptions = {},
  signal?: AbortSignal,
  onMade?: (client: OwnedClient) => void,
  onFailedTry?: OnFailedTry,
): Promise<OwnedClient> {
  const target = parseOpenOptions(redis);
  const create = await loadFactory(target);
  for (let retries = 0; ; retries++) {
    signal?.throwIfAborted();
    const client = create();
    if (target.kind === 'server') reconnectWhenOutOfStep(client);
    onMade?.(client);
    try {
      const connected = connect(client, target, signal);
      // Behind the listener that closes a client whose connection is refused: no other try follows that one.
      if (target.kind === 'server' && onFailedTry) watchTries(client, describeTarget(target), onFailedTry);
      await connected;
      return client;
    } catch (error) {
      // A cluster's or Sentinel set's client does not try on by itself as long as it has not been connected.
      const pause = target.kind === 'server' || isRefusal(error) ? false : target.retryIn(retries, error);
      if (signal?.aborted || pause === false) throw error;
      onFailedTry?.(toError(error), retries + 1, describeTarget(target));
      await wait(pause, signal);
    }
  }
}

function connect(client: OwnedClient, target: OpenTarget, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let isConnecting = true;
    let isDiagnosed = false;
    const settle = (outcome: () => void) => {
      isConnecting = false;
      forget?.();
      outcome();
    };
    const giveUp = (reason: unknown) => {
      closeClient(client);
      settle(() => reject(reason));
    };
    // A client without a listener for 'error' throws it at the process: this one stays.
    client.on('error', (error) => {
      if (!isConnecting) return;
      if (isRefusal(error)) return giveUp(error);
      if (isDiagnosed || target.kind !== 'server') return;
      isDiagnosed = true;
      void diagnose(addressOf(target.options), error).then((obstacle) => {
        if (obstacle && isConnecting) giveUp(obstacle);
      });
    });
    const forget = signal && onAbort(signal, () => giveUp(signal.reason));
    client.connect().then(() => settle(resolve), giveUp);
  });
}

/**
 * Another try would fare no better: a wrong password, or one of which a URL makes nothing; a user without the permission; a
 * certificate that is not trusted.
 */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message = '', code = '', cause } = error as Partial<NodeJS.ErrnoException>;
  if (error instanceof URIError) return true;
  return REFUSALS.test(message) || UNTRUSTED.test(code) || isRefusal(cause);
}

/** Redis's answers. */
const REFUSALS = /^(NOAUTH|WRONGPASS|NOPERM|DENIED|ERR (?!max number of clients)) ?/;
/** Codes of OpenSSL's and Node's about the other side's certificate. */
const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|ERR_TLS_CERT_)/;

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
 * Makes the server close the connection of a client whose reader failed: a reply may have been lost, and from then on each
 * command would get the reply to another. The client reconnects by itself.
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

/** Tells of each try that fails, once: version 5 emits the error of some twice. */
function watchTries(client: OwnedClient, where: string, onFailedTry: OnFailedTry): void {
  // What the loss of the connection emits itself is no try.
  let state: 'connected' | 'trying' | 'failed' = 'trying';
  let attempt = 0;
  client.on('ready', () => {
    state = 'connected';
    attempt = 0;
  });
  client.on('reconnecting', () => {
    state = 'trying';
  });
  client.on('error', (error) => {
    if (state !== 'trying' || !client.isOpen) return;
    state = 'failed';
    onFailedTry(toError(error), ++attempt, where);
  });
}

function toError(error: unknown): Error {
  // Node's own errors are of another realm where the package runs in a context of its own.
  const isError = typeof error === 'object' && error !== null && 'message' in error;
  return isError ? (error as Error) : new Error(String(error));
}
