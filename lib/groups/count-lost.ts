import { createHash } from 'node:crypto';
import type { LogClient, Reply } from '../log/log-client.js';
import { isRaw, prefixed, sendRaw } from '../streams/stream-commands.js';
import { LOSS_SCRIPT } from './loss-script.js';

const SHA = createHash('sha1').update(LOSS_SCRIPT).digest('hex');

export interface LossOptions {
  /** True if the server has the script. */
  readonly isKnown?: boolean;
  /** True for a look also where nothing can have been trimmed. */
  readonly isThorough?: boolean;
  /** For each stream an id behind which an earlier reply, which was lost, may have told a loss. */
  readonly since?: readonly string[] | undefined;
}

/** The command of a Redis in memory that does the work of the script. */
interface MemoryCommands {
  countLost(keys: readonly string[], group: string, since?: readonly string[]): Reply<readonly number[]>;
}

/** Counts for each stream what the group has lost since this was last asked, by any consumer; -1 stands for an unknown number. */
export function countLost(
  client: LogClient,
  group: string,
  keys: readonly string[],
  { isKnown = false, isThorough = true, since }: LossOptions = {},
): Reply<readonly number[]> {
  if (!isRaw(client)) return (client as unknown as MemoryCommands).countLost(keys, group, since);
  const names = keys.map((key) => prefixed(client, key));
  const script = isKnown ? ['EVALSHA', SHA] : ['EVAL', LOSS_SCRIPT];
  const args = [
    ...script,
    String(names.length),
    ...names,
    group,
    isThorough ? '1' : '0',
    ...(since ?? keys.map(() => '')),
  ];
  return sendRaw(client, names[0], args, false) as Promise<number[]>;
}
