const STREAMS_PER_MILLISECOND = 100;

/**
 * Returns the milliseconds between two reads of so many streams. Each read costs as much as it has streams, whatever it brings: in
 * the pause more entries arrive, which one read brings together.
 */
export function pauseBetweenReads(streams: number): number {
  return Math.floor(streams / STREAMS_PER_MILLISECOND);
}
