import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ChannelKind } from '../channel-kind.js';

/** An error of this package. */
export abstract class CodedError extends Error {
  /** The code that identifies the kind of error, even if two copies of this package are loaded. */
  abstract readonly code: string;
}

/** Gives the errors of a class their name. */
export function named(constructor: { prototype: Error }, name: string): void {
  Object.defineProperty(constructor.prototype, 'name', { value: name, configurable: true, writable: true });
}

/** The messages that an overflow has dropped at one place of a buffer. */
export interface Loss {
  /** The number of messages that are missing here. */
  dropped: number;
  /** The bound that was reached. */
  readonly bound: 'capacity' | 'maxBytes';
  /** The value of that bound, in messages or bytes. */
  readonly limit: number;
}

/** The error of a full buffer whose policy is `'error'`; it stands where messages are missing. */
export class BufferOverflowError extends CodedError implements Loss {
  readonly code = 'ERR_BUFFER_OVERFLOW';
  readonly dropped: number;
  readonly bound: Loss['bound'];
  readonly limit: number;

  constructor({ dropped, bound, limit }: Loss, options?: ErrorOptions) {
    const unit = bound === 'capacity' ? 'messages' : 'bytes';
    super(
      `The buffer was full (${bound}: ${limit} ${unit}) and ${dropped} message${dropped === 1 ? ' was' : 's were'} ` +
        "refused. Consume faster, raise the bound, or choose overflow: 'drop-oldest' or 'drop-incoming'.",
      options,
    );
    this.dropped = dropped;
    this.bound = bound;
    this.limit = limit;
  }
}
named(BufferOverflowError, 'BufferOverflowError');

/** The error of a call that needs an open Channel or Receiver, on a closed one. */
export class ChannelClosedError extends CodedError {
  readonly code = 'ERR_CHANNEL_CLOSED';
}
named(ChannelClosedError, 'ChannelClosedError');

/** The error of a client that has given up reconnecting, for good. */
export class ConnectionLostError extends CodedError {
  readonly code = 'ERR_CONNECTION_LOST';

  constructor(options?: ErrorOptions) {
    super(
      'The Redis client has given up reconnecting. Make a new client and a new Receiver, or give the client a ' +
        'reconnectStrategy that does not end.',
      options,
    );
  }
}
named(ConnectionLostError, 'ConnectionLostError');

/** The error of a pull from an observed Receiver, or of an observer beside a waiting pull. */
export class ReceiverBusyError extends CodedError {
  readonly code = 'ERR_RECEIVER_BUSY';
}
named(ReceiverBusyError, 'ReceiverBusyError');

/** The error of a subscription that Redis has refused, or that the client cannot carry. */
export class SubscribeError extends CodedError {
  readonly code = 'ERR_SUBSCRIBE';
  /** The kind of the refused subscription; undefined if the Receiver as a whole could not be connected. */
  readonly kind: ChannelKind | undefined;
  /** The name or glob of the refused subscription. */
  readonly channel: string | undefined;

  constructor(
    kind: ChannelKind | undefined,
    channel: string | undefined,
    advice: string,
    options?: ErrorOptions,
  ) {
    const what = kind && channel !== undefined ? ` to the ${LABELS[kind]} ${JSON.stringify(channel)}` : '';
    super(`Could not subscribe${what}: ${advice}`, options);
    this.kind = kind;
    this.channel = channel;
  }
}
named(SubscribeError, 'SubscribeError');

/** The error of a value that a schema has refused: the cause of a {@link DecodeError} or a {@link PublishError}. */
export class ValidationError extends CodedError {
  readonly code = 'ERR_VALIDATION';
  /** The problems with the value, as the schema's library reports them. */
  readonly issues: readonly StandardSchemaV1.Issue[];

  constructor(issues: readonly StandardSchemaV1.Issue[], options?: ErrorOptions) {
    super(issues.map((issue) => `${pathOf(issue)}${issue.message}`).join('; '), options);
    this.issues = issues;
  }
}
named(ValidationError, 'ValidationError');

function pathOf({ path = [] }: StandardSchemaV1.Issue): string {
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment));
  return keys.length > 0 ? `${keys.join('.')}: ` : '';
}

const LABELS: Record<ChannelKind, string> = {
  channel: 'channel',
  pattern: 'pattern',
  shard: 'sharded channel',
  stream: 'stream',
};
