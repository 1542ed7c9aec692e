/** An event of an event target, as GraphQL Yoga types it. */
export type TypedEvent<Type extends string = string, Detail = unknown> = Omit<
  CustomEvent<Detail>,
  'detail' | 'type'
> & {
  /** The topic. */
  type: Type;
  /** The payload. */
  detail: Detail;
};

/** A listener that is an object. */
export interface TypedEventListenerObject<Event extends TypedEvent> {
  /** Takes an event. */
  handleEvent(event: Event): void;
}

/** A listener of an event target. */
export type TypedEventListener<Event extends TypedEvent> =
  ((event: Event) => void) | TypedEventListenerObject<Event>;

/** The options of a listener. */
export interface TypedListenerOptions {
  /**
   * True if the listener is removed when it is called.
   * @default false
   */
  once?: boolean;
  /** Signal that removes the listener. */
  signal?: AbortSignal;
}

/** An event target, as GraphQL Yoga's `createPubSub` takes one. */
export interface TypedEventTarget<Event extends TypedEvent> extends EventTarget {
  /** Adds a listener of a topic, which is subscribed for the first one. */
  addEventListener<Current extends Event>(
    type: Current['type'],
    callback: TypedEventListener<Current> | null,
    options?: TypedListenerOptions | boolean,
  ): void;
  /** Publishes the detail of an event to the topic that is its type; returns true. */
  dispatchEvent(event: Event): boolean;
  /** Removes a listener of a topic, which is unsubscribed with the last one. */
  removeEventListener<Current extends Event>(
    type: Current['type'],
    callback: TypedEventListener<Current> | null,
    options?: unknown,
  ): void;
}
