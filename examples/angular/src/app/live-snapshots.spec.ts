import '@angular/compiler';
import { Injector } from '@angular/core';
import { NEVER, type Observable } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { OPEN_EVENT_SOURCE, type SnapshotSource } from './event-source.js';
import { LiveSnapshots } from './live-snapshots.js';

const DATA = { o: 'open', a: '{"at":1}', b: '{"at":2}', c: '{"at":3}', x: '{"at":' };
const SNAPSHOTS = { a: { at: 1 }, b: { at: 2 }, c: { at: 3 } };
const CONNECTIONS = { i: 'connecting', o: 'open', w: 'waiting' };

interface Helpers extends RunHelpers {
  /** Each diagram is a connection: it opens, letters come, `#` breaks it off. */
  server(...connections: string[]): {
    readonly live: LiveSnapshots;
    /** For `expectSubscriptions`: opened and closed. */
    readonly connections: ReturnType<RunHelpers['cold']>[];
    readonly urls: string[];
  };
}

function marbles(test: (helpers: Helpers) => void): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
    test({
      ...helpers,
      server: (...diagrams) => {
        const urls: string[] = [];
        const connections = diagrams.map((diagram) => helpers.cold(diagram, DATA));
        const open = (url: string) => fakeEventSource(connections[urls.push(url) - 1] ?? NEVER);
        const providers = [{ provide: OPEN_EVENT_SOURCE, useValue: open }, { provide: LiveSnapshots }];
        return { live: Injector.create({ providers }).get(LiveSnapshots), connections, urls };
      },
    });
  });
}

function fakeEventSource(events: Observable<string>): SnapshotSource {
  const target = new EventTarget();
  const subscription = events.subscribe({
    next: (data) =>
      target.dispatchEvent(data === DATA.o ? new Event('open') : new MessageEvent('message', { data })),
    error: () => target.dispatchEvent(new Event('error')),
  });
  return Object.assign(target, { close: () => subscription.unsubscribe() });
}

describe('LiveSnapshots', () => {
  it('emits what the server sends', () => {
    marbles(({ server, expectObservable }) => {
      const { live, urls } = server('-o-a-b-');
      const expected = '            ---a-b-';
      expectObservable(live.snapshots).toBe(expected, SNAPSHOTS);
      expect(urls).toEqual([]); // nobody observes yet
    });
  });

  it('opens one connection for all observers, and closes it with the last', () => {
    marbles(({ server, expectObservable, expectSubscriptions }) => {
      const { live, connections } = server('-o-a-b-c-');
      const first = '                         ^-----!   ';
      const second = '                        ----^---!';
      const opened = '                        ^-------!';
      expectObservable(live.snapshots, first).toBe(' ---a-b', SNAPSHOTS);
      expectObservable(live.snapshots, second).toBe('-----b-c', SNAPSHOTS);
      expectSubscriptions(connections[0]!.subscriptions).toBe(opened);
    });
  });

  it('connects again when it breaks off, and goes on behind what it has', () => {
    marbles(({ server, expectObservable, expectSubscriptions, flush }) => {
      const { live, connections, urls } = server('-o-a#', '-o-b-c-');
      const closed = '                               ^---!';
      const reopened = '                             ---- 500ms ^';
      const expected = '                             ---a 503ms b-c';
      expectObservable(live.snapshots).toBe(expected, SNAPSHOTS);
      expectSubscriptions(connections[0]!.subscriptions).toBe(closed);
      expectSubscriptions(connections[1]!.subscriptions).toBe(reopened);
      flush();
      expect(urls).toEqual(['snapshots?after=0', 'snapshots?after=1']);
    });
  });

  it('waits twice as long after each failure, eight seconds at the most, and begins anew with a success', () => {
    marbles(({ server, expectObservable, expectSubscriptions }) => {
      const { live, connections } = server('#', '#', '#', '#', '#', '#', 'a#', 'b');
      const waits = ['500ms', '1s', '2s', '4s', '8s', '8s'];
      expectObservable(live.snapshots).toBe(`${waits.join(' ')} a 500ms b`, SNAPSHOTS);
      waits.forEach((_, index) => {
        expectSubscriptions(connections[index]!.subscriptions).toBe(
          `${waits.slice(0, index).join(' ')} (^!)`,
        );
      });
    });
  });

  it('takes what it cannot read for a failure', () => {
    marbles(({ server, expectObservable, expectSubscriptions }) => {
      const { live, connections } = server('-x-a', 'b');
      expectObservable(live.snapshots).toBe('- 500ms b', SNAPSHOTS);
      expectSubscriptions(connections[0]!.subscriptions).toBe('^!');
    });
  });

  it('tells how the connection is', () => {
    marbles(({ server, expectObservable }) => {
      const { live } = server('-o-#', '-o-a');
      expectObservable(live.snapshots).toBe('--- 500ms ---a', SNAPSHOTS);
      expectObservable(live.connection).toBe('io-w 499ms io', CONNECTIONS);
    });
  });
});
