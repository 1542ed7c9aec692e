import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

export type Direction = 'to-server' | 'to-client';

/**
 * The treatment of the bytes in one direction. `'held'`: they wait for `release`; `'swallowed'`: they are lost without
 * notice.
 */
type Mode = 'open' | 'held' | 'swallowed';

/** A connection from a client, and its connection to the server. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Set when the client has sent a SUBSCRIBE of any kind. */
  hasSubscribed: boolean;
  /** True if no byte and no end of a side reaches the other one any more. */
  isSilent: boolean;
}

/** A loopback port in front of a server's port, which simulates the faults of a network. */
export class TcpProxy implements AsyncDisposable {
  #target: number;
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  readonly #lanes: Record<Direction, Lane> = { 'to-server': new Lane(), 'to-client': new Lane() };
  #isOpen = true;

  private constructor(target: number) {
    this.#target = target;
    this.#listener = createServer((socket) => this.#accept(socket));
  }

  /** Starts a proxy in front of the server on the port `target`. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** The number of silenced connections that their clients still keep. */
  get silenced(): number {
    return [...this.#pairs].filter(({ client, isSilent }) => isSilent && !client.destroyed).length;
  }

  /** Returns the number of bytes that arrived from one side, whether or not they were passed on. */
  seen(direction: Direction): number {
    return this.#lanes[direction].seen;
  }

  /** Resets all connections, and leads the next ones to the server on another port. */
  leadTo(target: number): void {
    this.#target = target;
    this.cut();
  }

  /** Resets all connections. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Resets all connections after this many more bytes in a direction, even in the middle of a command or a reply. */
  cutAfter(bytes: number, direction: Direction = 'to-client'): void {
    const lane = this.#lanes[direction];
    lane.bytesLeft = bytes;
  }

  /** Holds back all bytes of a direction until `release`. */
  hold(direction: Direction): void {
    this.#lanes[direction].mode = 'held';
  }

  /** Discards all bytes of a direction until `release`, as a half-open connection does. */
  swallow(direction: Direction): void {
    this.#lanes[direction].mode = 'swallowed';
  }

  /**
   * Makes all connections half-open: no side gets a byte any more, and none notices when the other one ends. Those that are
   * opened later work.
   */
  silence(): void {
    for (const pair of this.#pairs) pair.isSilent = true;
  }

  /** Opens a direction again, and passes on the bytes that were held back. */
  release(direction: Direction): void {
    this.#lanes[direction].release();
  }

  /** Sends bytes to all clients as if they came from the server; after both parts of a chunk that is being split. */
  inject(bytes: string | Buffer, to: 'all' | 'subscribers' = 'all'): void {
    for (const { client, hasSubscribed } of this.#pairs)
      if (to === 'all' || hasSubscribed) this.#lanes['to-client'].inject(Buffer.from(bytes), client);
  }

  /**
   * Stops reading from the source of a direction until `resume`, so that the source has to wait before it sends more.
   */
  pause(direction: Direction): void {
    for (const pair of this.#pairs) source(pair, direction).pause();
  }

  resume(direction: Direction): void {
    for (const pair of this.#pairs) source(pair, direction).resume();
  }

  /** Splits the next chunk of a direction at this byte; the second part follows a turn of the event loop later. */
  splitNext(at: number, direction: Direction = 'to-client'): void {
    this.#lanes[direction].splitAt = at;
  }

  /** Rejects new connections until `reopen`. */
  close(): void {
    this.#isOpen = false;
  }

  reopen(): void {
    this.#isOpen = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await once(this.#listener, 'close');
  }

  #accept(client: Socket): void {
    if (!this.#isOpen) return void client.resetAndDestroy();
    const server = connect(this.#target, '127.0.0.1');
    const pair = { client, server, hasSubscribed: false, isSilent: false };
    this.#pairs.add(pair);
    const end = () => {
      if (pair.isSilent && !(client.destroyed && server.destroyed)) return;
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // The reason does not matter: the other side only sees the end.
      socket.on('error', () => undefined).on('close', end);
    }
    const cut = () => this.cut();
    client.on('data', (bytes) => {
      if (pair.isSilent) return;
      pair.hasSubscribed ||= SUBSCRIBE.test(bytes.toString('latin1'));
      this.#lanes['to-server'].pass(bytes, server, cut);
    });
    server.on('data', (bytes) => {
      if (!pair.isSilent) this.#lanes['to-client'].pass(bytes, client, cut);
    });
  }
}

function source({ client, server }: Pair, direction: Direction): Socket {
  return direction === 'to-server' ? client : server;
}

const SUBSCRIBE = /\n[ps]?subscribe\r\n/i;

class Lane {
  mode: Mode = 'open';
  seen = 0;
  bytesLeft = Infinity;
  splitAt: number | undefined;
  #held: (() => void)[] = [];
  /** Resolves when the parts of a split chunk have been sent; later chunks wait for them. */
  #queue: Promise<void> | undefined;

  pass(bytes: Buffer, to: Socket, cut: () => void): void {
    this.seen += bytes.length;
    if (this.mode === 'held') this.#held.push(() => this.#write(bytes, to, cut));
    else if (this.mode === 'open') this.#write(bytes, to, cut);
  }

  inject(bytes: Buffer, to: Socket): void {
    if (!this.#queue) to.write(bytes);
    else this.#send([bytes], to);
  }

  release(): void {
    this.mode = 'open';
    const held = this.#held;
    this.#held = [];
    for (const write of held) write();
  }

  #write(bytes: Buffer, to: Socket, cut: () => void): void {
    if (bytes.length >= this.bytesLeft) {
      to.write(bytes.subarray(0, this.bytesLeft), cut);
      this.bytesLeft = Infinity;
      return;
    }
    this.bytesLeft -= bytes.length;
    const at = this.splitAt;
    this.splitAt = undefined;
    if (at === undefined && !this.#queue) return void to.write(bytes);
    this.#send(at === undefined ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)], to);
  }

  #send(parts: readonly Buffer[], to: Socket): void {
    const sending = (this.#queue ?? Promise.resolve()).then(() => writeInTurns(parts, to));
    this.#queue = sending.finally(() => {
      if (this.#queue === tail) this.#queue = undefined;
    });
    const tail = this.#queue;
  }
}

/**
 * Writes the parts with one poll of the event loop in between: the other side, in this process, reads the first part by
 * then.
 */
async function writeInTurns(parts: readonly Buffer[], to: Socket): Promise<void> {
  for (const part of parts) {
    if (part.length > 0) to.write(part);
    await turn();
    await turn();
  }
}
