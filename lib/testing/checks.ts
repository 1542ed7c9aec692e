import { isObservable, type Observable } from 'rxjs';
import type { ListenerSets } from './listener-registry.js';
import type { MemoryMessage, PublishReply } from './memory-message.js';
import type { SubscriptionKind } from '../channel-kind.js';
import type { Message } from '../channel.js';
import { invalidArgument } from '../errors/invalid-argument.js';
import type { ClientListener, RegistryType } from '../hub/client.js';

const KIND_OF: Readonly<Record<RegistryType, SubscriptionKind>> = {
  CHANNELS: 'channel',
  PATTERNS: 'pattern',
  SHARDED: 'shard',
};
const KINDS: readonly unknown[] = Object.values(KIND_OF);

/** Returns the names as a list. Refuses a Buffer: node-redis subscribes a Buffer too, but never delivers its messages. */
export function checkedNames(names: unknown, kind: SubscriptionKind): string[] {
  const list: readonly unknown[] = Array.isArray(names) ? names : [names];
  return list.map((name) => checkedName(name, kind));
}

export function checkedName(name: unknown, kind: SubscriptionKind): string {
  if (typeof name === 'string') return name;
  throw invalidArgument(`the name of a ${kind}`, 'a string', name);
}

export function checkedKind(kind: unknown): SubscriptionKind {
  if (KINDS.includes(kind)) return kind as SubscriptionKind;
  throw invalidArgument('the kind', "'channel', 'pattern' or 'shard'", kind);
}

/** Returns the kind of Channel for a type of node-redis. */
export function checkedType(type: unknown): SubscriptionKind {
  if (typeof type === 'string' && Object.hasOwn(KIND_OF, type)) return KIND_OF[type as RegistryType];
  throw invalidArgument('the type', "'CHANNELS', 'PATTERNS' or 'SHARDED'", type);
}

export function checkedListener(listener: unknown): ClientListener {
  if (typeof listener === 'function') return listener as ClientListener;
  throw invalidArgument('the listener', 'a function', listener);
}

export function checkedRegistry(listeners: unknown): ReadonlyMap<string, ListenerSets> {
  if (listeners instanceof Map && [...listeners.values()].every(isListenerSets))
    return listeners as ReadonlyMap<string, ListenerSets>;
  throw invalidArgument(
    'the listeners',
    'a Map from names to { unsubscribing, buffers, strings } with two Sets',
    listeners,
  );
}

function isListenerSets(value: unknown): value is ListenerSets {
  const { buffers, strings } = (value ?? {}) as Partial<ListenerSets>;
  return buffers instanceof Set && strings instanceof Set;
}

export function checkedPayload(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (typeof data === 'string') return Buffer.from(data);
  throw invalidArgument(
    'the data of a message',
    'a string or a Buffer',
    data,
    'Encode it, as with JSON.stringify.',
  );
}

export function checkedSource(source: unknown): Observable<MemoryMessage> {
  if (isObservable(source)) return source as Observable<MemoryMessage>;
  throw invalidArgument('the source of feed()', 'an Observable of [channel, data]', source);
}

export function checkedMessage(value: unknown): MemoryMessage {
  if (Array.isArray(value) && value.length === 2) return value as unknown as MemoryMessage;
  throw invalidArgument(
    'a value that feed() publishes',
    'a pair of a channel and its data, [channel, data]',
    value,
  );
}

export function checkedReplier(reply: unknown): PublishReply {
  if (typeof reply === 'function') return reply as PublishReply;
  throw invalidArgument('the reply of a publisher', 'a function', reply);
}

/** Checks the fate of the requests in flight. */
export function checkedFate(fate: unknown): 'reject' | 'keep' {
  if (fate === 'reject' || fate === 'keep') return fate;
  throw invalidArgument("the argument 'requests'", "'reject' or 'keep'", fate);
}

/** Checks the hook between the replies and their promises. */
export function checkedHook(hook: unknown): (() => void) | undefined {
  if (hook === undefined || typeof hook === 'function') return hook as (() => void) | undefined;
  throw invalidArgument('the hook before the promises resolve', 'a function', hook);
}

export function checkedDiagram(diagram: unknown): string {
  if (typeof diagram === 'string' && !/[#^!]/.test(diagram)) return diagram;
  throw invalidArgument('the diagram', "letters at their frames, as '-a-b', without #, ^ and !", diagram);
}

export function checkedMessages(messages: unknown): Observable<Message<unknown>> {
  if (isObservable(messages)) return messages as Observable<Message<unknown>>;
  throw invalidArgument('the messages', 'an Observable of messages, as a Receiver or a Channel', messages);
}
