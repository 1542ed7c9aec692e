import { InjectionToken } from '@angular/core';

/** The part of an EventSource that is needed: the events `open`, `message` and `error`. */
export type SnapshotSource = EventTarget & Pick<EventSource, 'close'>;

/** Opens an EventSource: what a test replaces. */
export const OPEN_EVENT_SOURCE = new InjectionToken<(url: string) => SnapshotSource>('OPEN_EVENT_SOURCE', {
  providedIn: 'root',
  factory: () => (url) => new EventSource(url),
});
