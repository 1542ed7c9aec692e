import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ChannelKind } from '../channel-kind.js';

/** An error of this package. */
export abstract class CodedError extends Error {
  /** Tells the errors apart, also where two copies of this package are loaded. */
  abstract readonly code: string;
}

/** Gives the errors of a class their name. */
export function named(constructor: { prototype: Error }, name: string): void {
  Object.defineProperty(constructor.prototype, 'name', { value: name, configurable: true, writable: true });
}

/** What an overflow took at one place of a buffer. */
export interface Loss {
  /** How many messages are missing here. */
  dropped: number;
  /** Which bound was reached. */
  readonly bound: 'capacity' | 'maxBytes';
  /** That bound: messages, or bytes. */
  readonly limit: number;
}

/** A buffer was full and its policy is `'error'`: it stands where messages are missing. */
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

/** What was asked for needs an open Channel or Receiver, and this one is closed. */
export class ChannelClosedError extends CodedError {
  readonly code = 'ERR_CHANNEL_CLOSED';
}
named(ChannelClosedError, 'ChannelClosedError');

/** The client has given up reconnecting, for good. */
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

/** A Receiver has one consumer at a time, and it has one already. */
export class ReceiverBusyError extends CodedError {
  readonly code = 'ERR_RECEIVER_BUSY';
}
named(ReceiverBusyError, 'ReceiverBusyError');

/** Redis refused a subscription, or the client cannot carry one. */
export class SubscribeError extends CodedError {
  readonly code = 'ERR_SUBSCRIBE';
  /** What was refused; undefined where the Receiver as a whole could not be connected. */
  readonly kind: ChannelKind | undefined;
  /** Its name or glob. */
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

/** A schema refused a value: the cause of a {@link DecodeError}, or of a {@link PublishError}. */
export class ValidationError extends CodedError {
  readonly code = 'ERR_VALIDATION';
  /** What is wrong with the value, as the schema's library says it. */
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
};
