// Receiver
export { Receiver } from './receiver.js';
export { Channel } from './channel.js';
export type { ChannelOptions, ReceiverOptions } from './receiver-options.js';
export type { BufferOptions, OverflowPolicy } from './buffer-options.js';
export type { ChannelKind, Message } from './message.js';
export type { Gap, ReceiverEvent } from './events.js';
export type { ReceiverStats } from './stats.js';

// Clients
export type { PubSubClient, Publisher } from './client.js';
export type { OpenOptions } from './open-client.js';

// Codecs
export { bytes, json, text, type Codec } from './codec.js';
export { validated } from './validated.js';

// Errors
export {
  BufferOverflowError,
  ChannelClosedError,
  ConnectionLostError,
  DecodeError,
  GapError,
  ReceiverBusyError,
  SubscribeError,
} from './errors.js';
