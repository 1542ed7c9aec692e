/** An argument of a command. */
export type IoredisArgument = string | Buffer | number;

/**
 * The parts of a client that `fromIoredis` needs: the smallest type that the `Redis` of ioredis 5 and 6 and of iovalkey all
 * satisfy.
 */
export interface IoredisClient {
  /** `'wait'`, `'connecting'`, `'connect'`, `'ready'`, `'close'`, `'reconnecting'` or `'end'`. */
  readonly status: string;
  /** The options of the client. */
  readonly options: {
    /** The text that ioredis puts before keys and before the names of sharded channels. */
    readonly keyPrefix?: string | undefined;
    /** The number of the database. */
    readonly db?: number | undefined;
    /** The host of the server. */
    readonly host?: string | undefined;
    /** The port of the server. */
    readonly port?: number | undefined;
  };
  /** Adds a listener to an event. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  /** Removes a listener from an event. */
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  /** Connects a client with `lazyConnect`, or one that has ended. */
  connect(): Promise<unknown>;
  /** Closes the connection; with `true`, the client reconnects. */
  disconnect(reconnect?: boolean): void;
  /** Creates a client with the same options. */
  duplicate(override?: object): IoredisClient;
  /** Sends a command, and gives the strings of the reply as strings. */
  call(command: string, ...args: IoredisArgument[]): Promise<unknown>;
  /** Sends a command, and gives the strings of the reply as Buffers. */
  callBuffer(command: string, ...args: IoredisArgument[]): Promise<unknown>;
}

/** A Set of names, as ioredis keeps those that Redis has acknowledged. */
export interface NameSet {
  channels(set: IoredisKind): string[];
  del(set: IoredisKind, name: string): void;
}

export type IoredisKind = 'subscribe' | 'psubscribe' | 'ssubscribe';

interface Condition {
  subscriber?: NameSet | false | null;
  readonly protocol?: number;
}

/**
 * Members of ioredis that are not documented. The adapter works without each of them, but less exactly: a refused
 * resubscription by ioredis itself becomes an unhandled rejection, and a name that other code unsubscribes is noticed at the
 * next heartbeat alone.
 */
export interface IoredisInternals extends IoredisClient {
  /** The state of the connection. */
  readonly condition?: Condition | null;
  /** The state of the connection before, whose names ioredis resubscribes. */
  readonly prevCondition?: Condition | null;
  /** True after `disconnect()` and `quit()`, until the connection is closed. */
  readonly manuallyClosing?: boolean;
  readonly stream?: { readonly destroyed?: boolean } | null;
}

/** The options that a client of node-redis shows. */
export interface ShownOptions {
  readonly socket: { readonly host: string; readonly port: number };
  readonly database: number;
}

export function shownOptions({
  options: { host = 'localhost', port = 6379, db = 0 },
}: IoredisClient): ShownOptions {
  return { socket: { host, port }, database: db };
}
