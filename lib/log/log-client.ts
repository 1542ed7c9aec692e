/**
 * A reply that the client of a server gives later, and `MemoryPubSub` at once.
 * @inline
 */
export type Reply<T> = Promise<T> | T;

/** An entry of a stream, as node-redis has it. */
export interface StreamEntry {
  readonly id: string | Buffer;
  readonly message: Readonly<Record<string, string | Buffer | undefined>>;
}

/** The commands with which a log is read. The clients of a server, a cluster and a Sentinel set all have them. */
export interface LogCommands {
  xRange(
    key: string,
    start: string,
    end: string,
    options?: { COUNT?: number },
  ): Reply<readonly StreamEntry[] | null>;
  xInfoStream(key: string): Reply<{ readonly 'last-generated-id': string | Buffer }>;
}

/** A client that reads logs: it has no subscriptions, so that large replies hold up no message. */
export interface LogClient extends LogCommands {
  readonly isOpen: boolean;
  connect(): Reply<unknown>;
  destroy(): unknown;
  on(event: string, listener: () => void): unknown;
  /** `{ 36: Buffer }` gives the replies' strings as Buffers. */
  withTypeMapping(mapping: { 36: typeof Buffer }): LogCommands;
}

/** The keys and arguments of a script. */
export interface ScriptOptions {
  /** The keys. */
  keys: string[];
  /** The other arguments. */
  arguments: (string | Buffer)[];
}

/** A client that runs the script of {@link recoverable}. */
export interface ScriptClient {
  /** Runs a script (EVAL). */
  eval(script: string, options: ScriptOptions): Reply<unknown>;
  /** Runs a script that the server knows, by its digest (EVALSHA). */
  evalSha?(sha1: string, options: ScriptOptions): Reply<unknown>;
}

/** Calls one of the functions with the outcome of a reply: at once if the reply is there. */
export function whenReplied<T>(
  request: () => Reply<T>,
  onReply: (value: T) => void,
  onError: (error: unknown) => void,
): void {
  let reply: Reply<T>;
  try {
    reply = request();
  } catch (error) {
    return onError(error);
  }
  if (isPromise(reply)) reply.then(onReply, onError);
  else onReply(reply);
}

/** Returns whether the reply comes later. The promises of `MemoryPubSub` are no instances of `Promise`. */
function isPromise<T>(reply: Reply<T>): reply is Promise<T> {
  return typeof (reply as Partial<Promise<T>> | null)?.then === 'function';
}
