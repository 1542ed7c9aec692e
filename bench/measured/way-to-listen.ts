import type { Listening } from './protocol.js';

/** A channel that is not known is undefined. */
export type OnMessage = (channel: string | undefined, data: string | Buffer) => void;

/** Subscribes all channels, and resolves when Redis has acknowledged. */
export type WayToListen = (at: Listening, names: readonly string[], onMessage: OnMessage) => Promise<void>;
