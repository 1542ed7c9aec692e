import { invalidArgument } from '../errors/invalid-argument.js';
import type { PubSubClient } from '../hub/client.js';
import { closeClient, openClient, type OnFailedTry } from '../open/open-client.js';
import type { OpenOptions } from '../open/open-options.js';
import { RetryReporter } from '../open/retry-reporter.js';
import { READER_DEFAULTS } from '../reader/reader-mode.js';
import { OPEN_OPTIONS, type OpenReceiverOptions, type ReceiverOptions } from '../receiver-options.js';
import { OWNED, type Owned } from './create-core.js';
import { resolveOptions } from './resolve-options.js';

/** Opens a client for a Receiver that owns it; returns the client beside the options of the Receiver. */
export async function openOwned(
  redis: string | OpenOptions | undefined,
  options: OpenReceiverOptions<unknown> = {},
): Promise<ReceiverOptions<unknown> & { readonly client: PubSubClient; readonly [OWNED]: Owned }> {
  resolveOptions(options, OPEN_OPTIONS);
  const { onRetry, ...rest } = options;
  if (onRetry !== undefined && typeof onRetry !== 'function')
    throw invalidArgument("the option 'onRetry'", 'a function', onRetry);
  const reporter = new RetryReporter(onRetry);
  const report: OnFailedTry = (error, attempt, where) => reporter.report(error, attempt, where);
  const client = await openClient(redis, rest.signal, undefined, report);
  const reader = rest.reader ?? READER_DEFAULTS.own;
  return { ...rest, reader, client, [OWNED]: { reporter, close: () => closeClient(client) } };
}
