import { EventEmitter } from 'node:events';
import type { ChannelKind } from '../../lib/channel/message.js';
import type { PubSubClient, WireListener } from '../../lib/hub/client.js';

type Verb = 'subscribe' | 'unsubscribe';

interface Listeners {
  readonly buffers: Set<WireListener>;
  readonly strings: Set<WireListener>;
}

interface Command {
  readonly verb: Verb;
  readonly kind: ChannelKind;
  readonly names: readonly string[];
  readonly settle: (error?: Error) => void;
}

/**
 * Redis and its client in one object, without a wire: acknowledgements come at once, and synchronously, so that virtual
 * time governs everything; `withhold` keeps them back. It keeps node-redis's rules: a listener is there from the
 * acknowledgement of its SUBSCRIBE to that of its UNSUBSCRIBE.
 */
export class MemoryClient extends EventEmitter implements PubSubClient {
  isOpen = true;
  isReady = true;
  /** What was sent, like 'SUBSCRIBE a b'. */
  readonly log: string[] = [];
  /** Names that Redis refuses. */
  readonly forbidden = new Set<string>();
  onCommand: ((text: string) => void) | undefined;

  readonly #listeners: Record<ChannelKind, Map<string, Listeners>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  #withheld: Command[] | undefined;

  subscribe = this.#command('subscribe', 'channel', 'SUBSCRIBE');
  unsubscribe = this.#command('unsubscribe', 'channel', 'UNSUBSCRIBE');
  pSubscribe = this.#command('subscribe', 'pattern', 'PSUBSCRIBE');
  pUnsubscribe = this.#command('unsubscribe', 'pattern', 'PUNSUBSCRIBE');
  sSubscribe = this.#command('subscribe', 'shard', 'SSUBSCRIBE');
  sUnsubscribe = this.#command('unsubscribe', 'shard', 'SUNSUBSCRIBE');

  /** Keeps acknowledgements back until `acknowledge`. */
  withhold(): void {
    this.#withheld ??= [];
  }

  /** Gives what was withheld, in order; later ones come at once again. */
  acknowledge(): void {
    const withheld = this.#withheld ?? [];
    this.#withheld = undefined;
    for (const command of withheld) this.#execute(command);
  }

  publish(channel: string, data: string | Buffer): number {
    const matching = [...this.#listeners.pattern].filter(([glob]) => matches(glob, channel));
    return deliver(
      [this.#listeners.channel.get(channel), ...matching.map(([, listeners]) => listeners)],
      channel,
      data,
    );
  }

  sPublish(channel: string, data: string | Buffer): number {
    return deliver([this.#listeners.shard.get(channel)], channel, data);
  }

  getPubSubListeners(type: 'CHANNELS' | 'PATTERNS' | 'SHARDED'): Map<string, Listeners> {
    return this.#listeners[({ CHANNELS: 'channel', PATTERNS: 'pattern', SHARDED: 'shard' } as const)[type]];
  }

  subscriptions(kind: ChannelKind): string[] {
    return [...this.#listeners[kind].keys()];
  }

  /** The connection dies: what is in flight is rejected, and what is subscribed comes back with `reconnect`. */
  disconnect(error = new Error('Socket closed unexpectedly')): void {
    this.loseConnection(error);
    this.rejectAll(error);
  }

  /** As `disconnect`, but what was withheld had not been written yet, and will be. */
  loseConnection(error = new Error('Socket closed unexpectedly')): void {
    this.isReady = false;
    this.emitError(error);
    this.emit('reconnecting');
  }

  /** What is in flight fails. */
  rejectAll(error: Error): void {
    for (const { settle } of this.#withheld?.splice(0) ?? []) settle(error);
  }

  reconnect(): void {
    this.emit('connect');
    this.isReady = true;
    this.emit('ready');
  }

  giveUp(cause = new Error('connect ECONNREFUSED')): void {
    this.isReady = false;
    this.isOpen = false;
    this.emit('terminated', cause);
    this.emitError(cause);
  }

  close(): void {
    this.isReady = false;
    this.isOpen = false;
    this.emit('end');
  }

  emitError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  #command(verb: Verb, kind: ChannelKind, word: string) {
    return (names: string | string[], listener: WireListener, bufferMode = false): Promise<void> => {
      const list = [names].flat();
      const text = `${word} ${list.join(' ')}`;
      this.log.push(text);
      this.onCommand?.(text);
      const ack = new Acknowledgement();
      const command: Command = {
        verb,
        kind,
        names: list,
        settle: (error) => {
          if (!error) this.#change(verb, kind, list, listener, bufferMode);
          ack.settle(error);
        },
      };
      if (this.#withheld) this.#withheld.push(command);
      else this.#execute(command);
      return ack as unknown as Promise<void>;
    };
  }

  #execute({ verb, names, settle }: Command): void {
    const isRefused = verb === 'subscribe' && names.some((name) => this.forbidden.has(name));
    settle(isRefused ? new Error('NOPERM No permissions to access a channel') : undefined);
  }

  #change(
    verb: Verb,
    kind: ChannelKind,
    names: readonly string[],
    listener: WireListener,
    binary: boolean,
  ): void {
    const registry = this.#listeners[kind];
    for (const name of names) {
      const listeners = registry.get(name) ?? { buffers: new Set(), strings: new Set() };
      const ofMode = binary ? listeners.buffers : listeners.strings;
      if (verb === 'subscribe') ofMode.add(listener);
      else ofMode.delete(listener);
      if (listeners.buffers.size + listeners.strings.size > 0) registry.set(name, listeners);
      else registry.delete(name);
    }
  }
}

function deliver(
  audience: readonly (Listeners | undefined)[],
  channel: string,
  data: string | Buffer,
): number {
  let receivers = 0;
  for (const listeners of audience) {
    if (!listeners) continue;
    receivers++;
    for (const listener of [...listeners.buffers]) listener(Buffer.from(data), Buffer.from(channel));
    for (const listener of [...listeners.strings]) listener(data.toString(), channel);
  }
  return receivers;
}

/** A promise whose callbacks run at once: virtual time knows no microtasks. */
class Acknowledgement implements PromiseLike<undefined> {
  #outcome: { readonly error: Error | undefined } | undefined;
  #callbacks: (() => void)[] = [];

  settle(error?: Error): void {
    this.#outcome ??= { error };
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  then<A = undefined, B = never>(
    onOk?: ((value: undefined) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    const callback = () => {
      if (this.#outcome?.error) onError?.(this.#outcome.error);
      else onOk?.(undefined);
    };
    if (this.#outcome) callback();
    else this.#callbacks.push(callback);
    return this as unknown as PromiseLike<A | B>;
  }
}

/** Enough of Redis's globs for these specs: `*` and `?`. */
function matches(glob: string, channel: string): boolean {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 's').test(channel);
}
