import { Subscriber } from 'rxjs';
import type { InnerStream, InnerStreams } from './inner-streams.js';

/** Subscriber to one inner stream. Values and errors go to the destination; the completion does not. */
export class InnerSubscriber<R> extends Subscriber<R> implements InnerStream {
  older: InnerStream | undefined;
  newer: InnerStream | undefined;
  hasEnded = false;

  constructor(
    destination: Subscriber<R>,
    readonly running: InnerStreams,
    readonly key: unknown,
    readonly merge: { end(inner: InnerSubscriber<R>): void },
  ) {
    // The deprecated members are the only way to a subscriber that costs no more than the one in `mergeMap`. No release of
    // RxJS 7 will remove them. `super(destination)` would make this subscriber a child of the destination.
    /* eslint-disable @typescript-eslint/no-deprecated */
    super();
    this.destination = destination;
    /* eslint-enable @typescript-eslint/no-deprecated */
    running.add(this);
  }

  override unsubscribe(): void {
    if (this.closed) return;
    this.running.remove(this);
    super.unsubscribe();
  }

  protected override _complete(): void {
    try {
      this.unsubscribe();
    } finally {
      // Tear down first: this stream releases its resources before the next one starts.
      this.merge.end(this);
    }
  }
}
