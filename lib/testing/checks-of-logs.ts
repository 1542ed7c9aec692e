import type { Append, PublishVerb } from './append-to-log.js';
import { checkedPayload } from './checks.js';
import { onWire } from './memory-client-core.js';
import type { StreamFields } from './memory-entry.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import { APPEND_SCRIPT } from '../log/append-script.js';

type AppendArguments = [verb: Buffer, channel: Buffer, payload: Buffer, nonce: Buffer, ...numbers: Buffer[]];

/** Number of arguments of the script that appends a message to a log. */
const APPEND_ARGUMENTS = 8;

export function checkedKey(key: unknown): string {
  if (typeof key === 'string') return onWire(key);
  throw invalidArgument('the key', 'a string', key);
}

export function checkedKeys(keys: unknown): string[] {
  return (Array.isArray(keys) ? (keys as readonly unknown[]) : [keys]).map(checkedKey);
}

/** Returns the arguments of the only known script, by name. */
export function checkedAppend(
  script: unknown,
  options: { readonly keys: readonly string[]; readonly arguments: readonly (string | Buffer)[] },
): Append {
  if (script !== APPEND_SCRIPT)
    throw invalidArgument(
      'the script',
      'the one of a recoverable publisher',
      script,
      'MemoryPubSub runs no Lua: use a real Redis for other scripts.',
    );
  const { keys, arguments: args } = options;
  if (keys.length !== 1) throw invalidArgument('the number of keys of the script', '1', keys.length);
  if (args.length !== APPEND_ARGUMENTS)
    throw invalidArgument('the number of arguments of the script', String(APPEND_ARGUMENTS), args.length);
  const [verb, channel, payload, nonce, ...numbers] = args.map(checkedPayload) as AppendArguments;
  const [keep, keepFor, epoch, number] = numbers.map(String) as [string, string, string, string];
  return {
    log: checkedKey(keys[0]),
    verb: checkedVerb(String(verb)),
    channel: String(channel),
    payload,
    nonce,
    keep: checkedLength(Number(keep)),
    keepFor: Number(keepFor),
    epoch,
    number: Number(number),
  };
}

function checkedVerb(verb: string): PublishVerb {
  if (verb === 'PUBLISH' || verb === 'SPUBLISH') return verb;
  throw invalidArgument('the command of the script', "'PUBLISH' or 'SPUBLISH'", verb);
}

export function checkedId(id: unknown): string {
  if (typeof id === 'string') return id;
  throw invalidArgument('the id of an entry', 'a string', id);
}

export function checkedIds(ids: unknown): string[] {
  return (Array.isArray(ids) ? (ids as readonly unknown[]) : [ids]).map(checkedId);
}

export function checkedRange(start: unknown, end: unknown): [start: string, end: string] {
  return [checkedId(start), checkedId(end)];
}

/** Refuses 0 too, for which Redis replies null. */
export function checkedCount(count: unknown): number | undefined {
  if (count === undefined || (Number.isSafeInteger(count) && (count as number) > 0))
    return count as number | undefined;
  throw invalidArgument('COUNT', 'a positive integer', count);
}

export function checkedBlock(block: unknown): number | undefined {
  if (block === undefined || (Number.isSafeInteger(block) && (block as number) >= 0))
    return block as number | undefined;
  throw invalidArgument('BLOCK', 'an integer of at least 0, in milliseconds', block);
}

export function checkedStreams(streams: unknown): { readonly key: string; readonly id: string }[] {
  const list: readonly unknown[] = Array.isArray(streams) ? streams : [streams];
  if (list.length === 0) throw invalidArgument('the streams', 'not empty', streams);
  return list.map((stream) => {
    if (typeof stream !== 'object' || stream === null)
      throw invalidArgument('a stream to read', 'an object with key and id', stream);
    const { key, id } = stream as { readonly key?: unknown; readonly id?: unknown };
    return { key: checkedKey(key), id: checkedId(id) };
  });
}

export function checkedLength(length: unknown): number {
  if (Number.isSafeInteger(length) && (length as number) >= 0) return length as number;
  throw invalidArgument('the MAXLEN of a stream', 'an integer of at least 0', length);
}

export function checkedStrategy(strategy: unknown): void {
  if (strategy !== 'MAXLEN')
    throw invalidArgument('the strategy of a trim', "'MAXLEN'", strategy, 'MemoryPubSub knows no other.');
}

export function checkedFields(message: unknown): StreamFields {
  const fields = typeof message === 'object' && message !== null ? Object.entries(message) : [];
  if (fields.length === 0) throw invalidArgument('the message of a stream', 'an object with fields', message);
  return fields.map(([field, value]) => [field, checkedPayload(value)]);
}
