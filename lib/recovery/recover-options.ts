import { invalidArgument } from '../errors/invalid-argument.js';
import { assertKnownOptions, optionNames } from '../errors/known-options.js';
import { keySlot } from '../hub/key-slot.js';
import type { SubscriptionKind } from '../channel-kind.js';
import { parseLogId } from '../log/log-id.js';

/** How a Channel recovers messages that it has missed. */
export interface RecoverOptions {
  /**
   * The key of the log, a Redis stream that {@link recoverable} writes.
   * @default `log:{NAME}` for the channel NAME, or `NAME:log` if the name has a hash tag of its own: the same slot of a cluster
   */
  readonly log?: string | undefined;
  /**
   * The first message: `'new'`, the first one that is published after the subscription; `'start'`, the oldest in the log; or
   * the `id` of a message, the one behind it. `'0-0'` is the place before all messages: those that the log has lost are then a
   * gap, where `'start'` has none. The option counts whenever the Channel is subscribed anew.
   * @default 'new'
   */
  readonly from?: 'new' | 'start' | (string & {}) | undefined;
}

/** The options with the defaults filled in. */
export interface Recover {
  readonly log: string;
  readonly from: string;
}

const OPTIONS = optionNames<RecoverOptions>({ log: true, from: true });

/** Returns the key of the log of a channel, in the same slot of a cluster. */
export function logOf(channel: string): string {
  return /\{[^}]+\}/.test(channel) ? `${channel}:log` : `log:{${channel}}`;
}

/** Checks the options and fills in the defaults. */
export function resolveRecover(kind: SubscriptionKind, name: string, options: RecoverOptions): Recover {
  const what = "the option 'recover'";
  if (kind === 'pattern') {
    const advice =
      'Each channel has a log of its own, and a pattern does not name them. Use channel() for each.';
    throw invalidArgument(what, 'absent for a pattern', options, advice);
  }
  assertKnownOptions(what, options, OPTIONS);
  const { log = logOf(name), from = 'new' } = options;
  if (from !== 'new' && from !== 'start' && (typeof from !== 'string' || !parseLogId(from)))
    throw invalidArgument("the option 'recover.from'", "'new', 'start' or the id of a message", from);
  assertLog(log, kind === 'shard' ? name : undefined);
  return { log, from };
}

/** Checks the key of a log; the log of a sharded channel has to be in the slot of the channel. */
export function assertLog(log: unknown, shard: string | undefined): asserts log is string {
  if (typeof log !== 'string' || log === '')
    throw invalidArgument('the key of the log', 'a string that is not empty', log);
  if (shard === undefined || keySlot(log) === keySlot(shard)) return;
  const advice = 'Give the log a hash tag: a script can publish only to its own slot.';
  throw invalidArgument('the key of the log', `in the slot of the sharded channel '${shard}'`, log, advice);
}
