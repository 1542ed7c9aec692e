import { invalidArgument } from '../errors/invalid-argument.js';

/**
 * Escapes a text, so that a glob matches it literally.
 *
 * ```ts
 * receiver.pattern(`${escapeGlob(tenant)}:*`);
 * ```
 *
 * @see https://redis.io/docs/latest/commands/psubscribe/ for the special characters
 */
export function escapeGlob(literal: string): string {
  if (typeof literal !== 'string') throw invalidArgument('the literal of a glob', 'a string', literal);
  return literal.replace(/[*?[\]\\]/g, '\\$&');
}
