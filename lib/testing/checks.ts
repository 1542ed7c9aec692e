import type { ChannelKind } from '../channel/message.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { WireListener } from '../hub/client.js';

/** Names as a list. node-redis subscribes a Buffer too, but never delivers what comes for it. */
export function checkedNames(names: unknown, kind: ChannelKind): string[] {
  const list: readonly unknown[] = Array.isArray(names) ? names : [names];
  return list.map((name) => checkedName(name, kind));
}

export function checkedName(name: unknown, kind: ChannelKind): string {
  if (typeof name === 'string') return name;
  throw invalidArgument(`the name of a ${kind}`, 'a string', name);
}

export function checkedListener(listener: unknown): WireListener {
  if (typeof listener === 'function') return listener as WireListener;
  throw invalidArgument('the listener', 'a function', listener);
}

export function checkedPayload(data: unknown): Buffer {
  if (typeof data === 'string' || Buffer.isBuffer(data)) return Buffer.from(data as string);
  throw invalidArgument(
    'the data of a message',
    'a string or a Buffer',
    data,
    'Encode it, as with JSON.stringify.',
  );
}

export function checkedMessage(value: unknown): [channel: string, data: string | Buffer] {
  if (Array.isArray(value) && value.length === 2) return value as [string, string];
  throw invalidArgument('what is fed', 'pairs of a channel and its data, [channel, data]', value);
}
