import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

export type Direction = 'to-server' | 'to-client';

/** How the bytes of one direction fare. `'held'`: they wait for `release`; `'swallowed'`: they are gone, and nobody is told. */
type Passage = 'open' | 'held' | 'swallowed';

/** One connection of a client, and the one to the server that belongs to it. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Set once the client has subscribed something. */
  hasSubscribed: boolean;
}

/** A loopback port in front of a server's, on which a network can be as bad as a test wants it. */
export class TcpProxy implements AsyncDisposable {
  readonly #target: number;
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  readonly #passages: Record<Direction, Lane> = { 'to-server': new Lane(), 'to-client': new Lane() };
  #isOpen = true;

  private constructor(target: number) {
    this.#target = target;
    this.#listener = createServer((socket) => this.#accept(socket));
  }

  /** `target`: the port of the server. */
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

  /** Those that are open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Bytes that came from one side, whether or not they were passed on. */
  seen(direction: Direction): number {
    return this.#passages[direction].seen;
  }

  /** Ends all connections, as a reset does. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** Ends all connections once so many bytes more have gone this way, in the middle of whatever they are part of. */
  cutAfter(bytes: number, direction: Direction = 'to-client'): void {
    const lane = this.#passages[direction];
    lane.left = bytes;
  }

  /** Keeps all bytes of a direction back until `release`. */
  hold(direction: Direction): void {
    this.#passages[direction].passage = 'held';
  }

  /** Loses all bytes of a direction until `release`: a half-open connection. */
  swallow(direction: Direction): void {
    this.#passages[direction].passage = 'swallowed';
  }

  /** Lets a direction pass again, and passes on what was held back. */
  release(direction: Direction): void {
    this.#passages[direction].release();
  }

  /** Sends bytes to all clients as if they came from the server; behind the second part of a chunk that is split. */
  inject(bytes: string | Buffer, to: 'all' | 'subscribers' = 'all'): void {
    for (const { client, hasSubscribed } of this.#pairs)
      if (to === 'all' || hasSubscribed) this.#passages['to-client'].inject(Buffer.from(bytes), client);
  }

  /** Reads nothing from where a direction comes from until `resume`, so that it has to wait with what it sends. */
  pause(direction: Direction): void {
    for (const pair of this.#pairs) source(pair, direction).pause();
  }

  resume(direction: Direction): void {
    for (const pair of this.#pairs) source(pair, direction).resume();
  }

  /** Cuts the next chunk of a direction in two at this byte; the second part comes a turn of the event loop later. */
  splitNext(at: number, direction: Direction = 'to-client'): void {
    this.#passages[direction].splitAt = at;
  }

  /** No connection is accepted until `reopen`. */
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
    const pair = { client, server, hasSubscribed: false };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // The reason is of no interest: the other side is to see the end alone.
      socket.on('error', () => undefined).on('close', end);
    }
    const cut = () => this.cut();
    client.on('data', (bytes) => {
      pair.hasSubscribed ||= SUBSCRIBE.test(bytes.toString('latin1'));
      this.#passages['to-server'].pass(bytes, server, cut);
    });
    server.on('data', (bytes) => this.#passages['to-client'].pass(bytes, client, cut));
  }
}

function source({ client, server }: Pair, direction: Direction): Socket {
  return direction === 'to-server' ? client : server;
}

const SUBSCRIBE = /\n[ps]?subscribe\r\n/i;

class Lane {
  passage: Passage = 'open';
  seen = 0;
  left = Infinity;
  splitAt: number | undefined;
  #held: (() => void)[] = [];
  /** What comes while a split chunk is on its way has to wait behind it. */
  #queue: Promise<void> | undefined;

  pass(bytes: Buffer, to: Socket, cut: () => void): void {
    this.seen += bytes.length;
    if (this.passage === 'held') this.#held.push(() => this.#write(bytes, to, cut));
    else if (this.passage === 'open') this.#write(bytes, to, cut);
  }

  inject(bytes: Buffer, to: Socket): void {
    if (!this.#queue) to.write(bytes);
    else this.#send([bytes], to);
  }

  release(): void {
    this.passage = 'open';
    const held = this.#held;
    this.#held = [];
    for (const write of held) write();
  }

  #write(bytes: Buffer, to: Socket, cut: () => void): void {
    if (bytes.length >= this.left) {
      to.write(bytes.subarray(0, this.left), cut);
      this.left = Infinity;
      return;
    }
    this.left -= bytes.length;
    const at = this.splitAt;
    this.splitAt = undefined;
    if (at === undefined && !this.#queue) return void to.write(bytes);
    this.#send(at === undefined ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)], to);
  }

  #send(parts: readonly Buffer[], to: Socket): void {
    const sending = (this.#queue ?? Promise.resolve()).then(() => inTurns(parts, to));
    this.#queue = sending.finally(() => {
      if (this.#queue === tail) this.#queue = undefined;
    });
    const tail = this.#queue;
  }
}

/** Between two parts the event loop polls once: the other side, in this process, has read the first by then. */
async function inTurns(parts: readonly Buffer[], to: Socket): Promise<void> {
  for (const part of parts) {
    if (part.length > 0) to.write(part);
    await turn();
    await turn();
  }
}
