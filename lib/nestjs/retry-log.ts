import { Logger } from '@nestjs/common';
import type { ConnectionRetry } from '../index.js';
import { messageOf } from '../internal.js';
import { connectionErrorText } from './error-text.js';

/**
 * Log of the reasons why a module's Receiver waits for Redis, when the application starts and later: each reason once an
 * outage.
 */
export class RetryLog {
  readonly #logger = new Logger('ReceiverModule');
  readonly #told = new Set<string>();

  /** Logs a failed attempt, unless the log has the same text from an earlier one of this outage. */
  warn({ error, attempt }: ConnectionRetry): void {
    if (attempt === 1) this.#told.clear();
    const text = connectionErrorText(messageOf(error));
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#logger.warn(`Redis cannot be reached, and is tried again: ${text}`);
  }
}
