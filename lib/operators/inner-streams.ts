import { Subscription } from 'rxjs';

/** Subscription to an inner stream, as an element of a list. */
export interface InnerStream extends Subscription {
  older: InnerStream | undefined;
  newer: InnerStream | undefined;
}

/**
 * Inner streams that run, from the oldest to the newest. A Subscription with the streams as children would search and copy an
 * array whenever a stream ends.
 */
export class InnerStreams {
  #oldest: InnerStream | undefined;
  #newest: InnerStream | undefined;

  add(stream: InnerStream): void {
    const older = this.#newest;
    stream.older = older;
    if (older) older.newer = stream;
    else this.#oldest = stream;
    this.#newest = stream;
  }

  remove(stream: InnerStream): void {
    const { older, newer } = stream;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    stream.older = stream.newer = undefined;
  }

  /** Unsubscribes all streams, even if the teardown of one throws. */
  unsubscribe(): void {
    const all = new Subscription();
    for (let stream = this.#oldest; stream; stream = stream.newer) all.add(stream);
    all.unsubscribe();
  }
}
