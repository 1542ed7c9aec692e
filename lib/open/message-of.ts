import { isError } from '../errors/to-error.js';

/**
 * Returns the message of an error with those of its causes. An AggregateError, as for a name with several addresses, has
 * none.
 */
export function messageOf(error: Error): string {
  const { errors = [] } = error as Partial<AggregateError>;
  const own = error.message || errors.map(String).join(', ') || error.name;
  const message = own.trim().replace(/\.$/, '');
  if (!isError(error.cause)) return message;
  const cause = messageOf(error.cause);
  return message.includes(cause) ? message : `${message}: ${cause}`;
}
