import type { Subscription } from 'rxjs';
import { onAbort } from '../abort.js';
import { retryRecoverable, type Message, type Receiver } from '../index.js';
import type { TypedEvent, TypedEventListener, TypedListenerOptions } from './typed-event-target.js';

export type Listener = TypedEventListener<TypedEvent>;

export interface EventTopicsOptions {
  readonly parse: (text: string) => unknown;
  readonly onError: (error: unknown) => void;
}

/** The listeners of a topic, each with what forgets its signal, and the subscription that they share. */
interface Topic {
  readonly listeners: Map<Listener, Entry>;
  readonly subscription: Subscription;
}

interface Entry {
  readonly isOnce: boolean;
  readonly forgetSignal: (() => void) | undefined;
}

/** The topics of an event target that have listeners. */
export class EventTopics {
  readonly #receiver: Receiver;
  readonly #options: EventTopicsOptions;
  readonly #topics = new Map<string, Topic>();

  constructor(receiver: Receiver, options: EventTopicsOptions) {
    this.#receiver = receiver;
    this.#options = options;
  }

  add(name: string, listener: Listener, options?: TypedListenerOptions | boolean): void {
    const { once: isOnce = false, signal } = typeof options === 'object' ? options : {};
    if (signal?.aborted) return;
    const { listeners } = this.#topics.get(name) ?? this.#subscribe(name);
    if (listeners.has(listener)) return;
    const forgetSignal = signal && onAbort(signal, () => this.remove(name, listener));
    listeners.set(listener, { isOnce, forgetSignal });
  }

  remove(name: string, listener: Listener): void {
    const topic = this.#topics.get(name);
    const entry = topic?.listeners.get(listener);
    if (!topic || !entry) return;
    entry.forgetSignal?.();
    topic.listeners.delete(listener);
    if (topic.listeners.size > 0) return;
    this.#topics.delete(name);
    topic.subscription.unsubscribe();
  }

  #subscribe(name: string): Topic {
    const { onError } = this.#options;
    const listeners: Topic['listeners'] = new Map();
    const subscription = this.#receiver
      .channel(name)
      .pipe(retryRecoverable({ onError }))
      .subscribe({ next: (message) => this.#dispatch(listeners, message), error: onError });
    const topic = { listeners, subscription };
    this.#topics.set(name, topic);
    return topic;
  }

  #dispatch(listeners: Topic['listeners'], { channel, data }: Message): void {
    this.#attempt(() => {
      const detail = data === '' ? null : this.#options.parse(data);
      const event = new CustomEvent(channel, { detail }) as TypedEvent;
      // A listener may add others, for later messages, and may remove others.
      for (const [listener, { isOnce }] of [...listeners]) {
        if (!listeners.has(listener)) continue;
        if (isOnce) this.remove(channel, listener);
        this.#attempt(() => (typeof listener === 'function' ? listener(event) : listener.handleEvent(event)));
      }
    });
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
