import type { UnderlyingSource } from 'node:stream/web';
import { asyncScheduler, Subscription } from 'rxjs';
import { COMMENT, retryEvent } from './event-text.js';
import { pipeTo, type NodeResponse } from './pipe-to.js';

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  // nginx collects responses into blocks without it.
  'x-accel-buffering': 'no',
};

/** The events of a stream. */
export interface OpenedEvents {
  readonly events: AsyncGenerator<string, undefined>;
  /** Ends the events, also while one of them is awaited. */
  cancel(): void;
  /** Called once no event follows. */
  onEnded(): void;
}

interface EventStreamSettings {
  readonly heartbeat: number;
  readonly retry: number;
}

/**
 * A response of Server-Sent Events, which {@link toEventStream} creates: a Web stream of bytes. Nothing is subscribed before
 * the stream is read, and the stream reads from its source only what the browser takes.
 */
export class EventStream extends ReadableStream<Uint8Array> {
  /** @internal */
  constructor(open: () => OpenedEvents, { heartbeat, retry }: EventStreamSettings) {
    const encoder = new TextEncoder();
    let opened: OpenedEvents | undefined;
    const end = () => {
      opened?.onEnded();
    };
    const source: UnderlyingSource<Uint8Array> = {
      async pull(controller) {
        const enqueue = (text: string): void => {
          controller.enqueue(encoder.encode(text));
        };
        if (!opened) {
          opened = open();
          // The browser has its headers now, and knows how soon to come back.
          enqueue(retryEvent(retry));
          return;
        }
        const beat = repeat(heartbeat, () => {
          // A browser that has not read the last comment needs no other one.
          if (controller.desiredSize === 0) enqueue(COMMENT);
        });
        try {
          const { done, value } = await opened.events.next();
          if (done) {
            controller.close();
            end();
          } else {
            enqueue(value);
          }
        } catch (error) {
          end();
          throw error;
        } finally {
          beat.unsubscribe();
        }
      },
      cancel() {
        opened?.cancel();
        void opened?.events.return(undefined);
        end();
      },
    };
    // Nothing is read ahead: what the browser does not take stays in the bounded queue, or in the log.
    super(source, { highWaterMark: 0 });
  }

  /**
   * Returns the stream as a Web response with the headers of Server-Sent Events, for Hono, Next.js, Bun, Deno and other
   * servers with `Request` and `Response`.
   *
   * @param init status and headers that are added to those of Server-Sent Events
   */
  toResponse(init: ResponseInit = {}): Response {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    return new Response(this, { ...init, headers });
  }

  /**
   * Sends the stream as a response of Node's `http` or `http2`, of Express, or of Fastify and Nest, which call it the raw
   * response. Resolves when the stream has ended or the browser has left. If the stream fails, destroys the response, so that
   * the browser connects again, and rejects with the error.
   */
  pipe(response: NodeResponse): Promise<void> {
    return pipeTo(this, response, HEADERS);
  }
}

function repeat(milliseconds: number, action: () => void): Subscription {
  if (milliseconds === 0) return Subscription.EMPTY;
  return asyncScheduler.schedule(function () {
    action();
    this.schedule(undefined, milliseconds);
  }, milliseconds);
}
