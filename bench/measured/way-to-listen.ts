import type { Listening } from './protocol.js';

/** Callback for a message; an unknown channel is undefined. */
export type OnMessage = (channel: string | undefined, data: string | Buffer) => void;

/** Function that subscribes all channels. Resolves when Redis has acknowledged them. */
export type WayToListen = (at: Listening, names: readonly string[], onMessage: OnMessage) => Promise<void>;
