import type { SubscriptionKind } from '../../../lib/channel-kind.js';
import type { ClientListener } from '../../../lib/hub/client.js';
import { table } from '../../support/table.js';
import { ListenersScene, type Mode } from './listeners-scene.js';

const KINDS: readonly SubscriptionKind[] = ['channel', 'shard'];
const MODES: readonly Mode[] = ['strings', 'buffers'];
const CASES = KINDS.flatMap((kind) => MODES.map((mode) => ({ kind, mode, binary: mode === 'buffers' })));

describe.each(CASES)('ClientListeners: $mode of a $kind', ({ kind, mode, binary }) => {
  /** Each row: the entry in the registry before and after the work. */
  function rules(text: string, work: (scene: ListenersScene) => void): void {
    it.each(table<'before' | 'after'>(text))('"$before" → "$after"', ({ before, after }) => {
      const scene = new ListenersScene(kind);
      scene.put(mode, before);
      work(scene);
      expect(scene.words(mode)).toBe(after);
    });
  }

  describe('the first message replaces the shared listener by one of its own', () => {
    rules(
      `
        before       | after
        shared       | own
        shared other | own other
        other shared | other own
        shared own   | own
        other        | other
        -            | -
      `,
      (scene) => scene.message(mode),
    );

    it('but not while an operation is in flight, which names the shared one', () => {
      const scene = new ListenersScene(kind);
      scene.put(mode, 'shared');
      scene.operate();
      scene.message(mode);
      expect(scene.words(mode)).toBe('shared');
      expect(scene.delivered).toHaveLength(1);
    });

    it('and delivers the message once', () => {
      const scene = new ListenersScene(kind);
      scene.put(mode, 'shared other');
      for (const listener of scene.registry.get('news')![mode] as Iterable<ClientListener>)
        listener('x', binary ? Buffer.from('news') : 'news');
      expect(scene.delivered).toHaveLength(1);
    });
  });

  describe('discard() leaves the shared listener to a newer subscription that still needs it', () => {
    rules(
      `
        before       | after
        shared       | shared
        shared newer | newer
        shared own   | shared own
        -            | -
      `,
      (scene) => {
        scene.replace();
        scene.clientListeners.discard(scene.subscription, binary);
      },
    );
  });

  describe('discard() leaves the shared listener to a newer command of the same subscription', () => {
    rules(
      `
        before     | after
        shared     | shared
        shared own | shared own
      `,
      ({ clientListeners, subscription }) => clientListeners.discard(subscription, binary),
    );
  });

  describe('share() puts the shared listener back', () => {
    rules(
      `
        before       | after
        own          | shared
        own other    | shared other
        other own    | other shared
        shared       | shared
        other        | other
        -            | -
      `,
      (scene) => {
        scene.createOwn(mode);
        scene.clientListeners.share(scene.subscription, binary);
      },
    );

    it('does not add the shared listener to a delivery that is under way', () => {
      const scene = new ListenersScene(kind);
      scene.put(mode, 'own other');
      const called: string[] = [];
      for (const listener of scene.registry.get('news')![mode]) {
        scene.clientListeners.share(scene.subscription, binary);
        called.push(scene.wordFor(listener as never));
      }
      expect(called).toEqual(['own', 'other']);
    });
  });

  describe('registerAnew() takes the entry out of the registry, with a listener of the subscription', () => {
    it.each(
      table<'before' | 'entry'>(`
        before              | entry
        -                   | shared
        shared              | shared
        own                 | own
        other               | other shared
        own unsubscribing   | own
        other unsubscribing | other shared
      `),
    )('"$before" → "$entry"', ({ before, entry }) => {
      const scene = new ListenersScene(kind);
      scene.put(mode, before);
      const anew = scene.clientListeners.registerAnew([scene.subscription], kind, binary);
      expect([...anew!.keys()]).toEqual(['news']);
      expect(scene.words(mode, anew!.get('news'))).toBe(entry);
      expect(scene.words(mode)).toBe('-');
    });
  });

  describe('forget() removes the listeners of the subscription, and an entry without listeners', () => {
    rules(
      `
        before           | after
        shared           | -
        own              | -
        shared own       | -
        shared other own | other
        other            | other
        -                | -
      `,
      ({ clientListeners, subscription }) => expect(clientListeners.forget(subscription)).toBe(true),
    );
  });
});

describe('ClientListeners: both modes of a name', () => {
  function scene(strings: string, buffers: string): ListenersScene {
    const made = new ListenersScene('channel');
    made.put('strings', strings);
    made.put('buffers', buffers);
    return made;
  }

  it.each(
    table<'strings' | 'buffers' | 'registered' | 'shared' | 'only' | 'new'>(`
      strings           | buffers | registered | shared | only    | new
      -                 | -       | no         | no     |         | yes
      shared            |         | yes        | no     | text    | no
      own               |         | yes        | no     | text    | no
                        | shared  | yes        | no     | buffers | no
                        | own     | yes        | no     | buffers | no
      own               | shared  | yes        | no     |         | no
      other             |         | no         | yes    |         | no
                        | other   | no         | yes    |         | no
      own other         |         | yes        | yes    |         | no
      shared            | other   | yes        | yes    |         | no
      own unsubscribing |         | no         | no     | text    | no
    `),
  )(
    'strings "$strings", buffers "$buffers": registered $registered, shared $shared, only "$only", new $new',
    (row) => {
      const { clientListeners, subscription } = scene(row.strings, row.buffers);
      expect(clientListeners.isRegistered(subscription)).toBe(row.registered === 'yes');
      expect(clientListeners.isShared(subscription)).toBe(row.shared === 'yes');
      expect(clientListeners.share(subscription, false)).toBe(row.only === 'text');
      expect(clientListeners.share(subscription, true)).toBe(row.only === 'buffers');
      expect(clientListeners.someAreNew([subscription], 'channel')).toBe(row.new === 'yes');
    },
  );

  it.each(
    table<'strings' | 'buffers' | 'after'>(`
      strings | buffers   | after
      own     | shared    | -
      own     | own other | strings "", buffers "other"
      other   | own       | strings "other", buffers ""
    `),
  )('forget() of strings "$strings", buffers "$buffers" → $after', ({ strings, buffers, after }) => {
    const made = scene(strings, buffers);
    made.clientListeners.forget(made.subscription);
    const [text, binary] = [made.words('strings'), made.words('buffers')];
    expect(text === '-' ? '-' : `strings "${text}", buffers "${binary}"`).toBe(after);
  });
});

describe('ClientListeners: a pattern', () => {
  it('has a listener of its own from the beginning, which share() leaves alone', () => {
    const { clientListeners, subscription, registry } = new ListenersScene('pattern');
    const listener = clientListeners.ofCommand(subscription, false);
    const entry = { strings: new Set([listener]), buffers: new Set<never>() };
    registry.set('news', entry);
    expect(clientListeners.share(subscription, false)).toBe(true);
    expect([...entry.strings]).toEqual([subscription.textListener]);
    expect(clientListeners.isShared(subscription)).toBe(false);
  });
});

describe('ClientListeners: a client without a registry', () => {
  const { clientListeners, subscription } = new ListenersScene('channel', { hasRegistry: false });
  const list = [subscription];

  it.each([
    ['isRegistered() believes so', () => clientListeners.isRegistered(subscription), true],
    ['isShared() sees no other code', () => clientListeners.isShared(subscription), false],
    ['share() is not sure', () => clientListeners.share(subscription, false), false],
    ['someAreNew() expects a command', () => clientListeners.someAreNew(list, 'channel'), true],
    ['count() has no limit', () => clientListeners.count('channel'), Infinity],
    ['forget() removes nothing', () => clientListeners.forget(subscription), false],
    ['registerAnew() is not possible', () => clientListeners.registerAnew(list, 'channel', false), undefined],
  ])('%s', (_, ask, answer) => {
    expect(ask()).toBe(answer);
  });
});

describe('ClientListeners: a message', () => {
  const NAME = Buffer.from('news');
  const KEYS = [Buffer.from('k1'), 'k2'];
  const BYTES = Buffer.from('k1\nk2');

  it.each([
    { listener: 'shared', mode: 'strings', name: 'news', sent: ['x', 'news'], data: 'x', raw: undefined },
    { listener: 'own', mode: 'strings', name: 'news', sent: ['x', 'news'], data: 'x', raw: undefined },
    { listener: 'shared', mode: 'buffers', name: 'news', sent: [BYTES, NAME], data: BYTES, raw: NAME },
    { listener: 'own', mode: 'buffers', name: 'news', sent: [BYTES, NAME], data: BYTES, raw: NAME },
  ] as const)('reaches its subscription by the $listener listener of $mode', ({ listener, mode, ...row }) => {
    const scene = new ListenersScene('channel');
    const binary = mode === 'buffers';
    call(scene, listener, binary, row.sent);
    expect(scene.delivered).toEqual([
      [scene.subscription, row.data, 'news', binary, ...(row.raw ? [row.raw] : [])],
    ]);
  });

  it.each([
    { sent: KEYS, mode: 'strings', data: 'k1\nk2' },
    { sent: null, mode: 'strings', data: '' },
    { sent: KEYS, mode: 'buffers', data: BYTES },
    { sent: null, mode: 'buffers', data: Buffer.alloc(0) },
  ])('about invalidated keys has one key a line: $sent as $mode', ({ sent, mode, data }) => {
    const binary = mode === 'buffers';
    for (const listener of ['shared', 'own'] as const) {
      const scene = new ListenersScene('channel', { name: '__redis__:invalidate' });
      call(scene, listener, binary, [sent, binary ? Buffer.from(scene.name) : scene.name]);
      expect(scene.delivered.map(([, payload]) => payload)).toEqual([data]);
    }
  });

  it('for a name without a subscription reaches no listener', () => {
    const scene = new ListenersScene('channel');
    for (const binary of [false, true]) call(scene, 'shared', binary, ['x', 'weather']);
    expect(scene.delivered).toEqual([]);
  });

  function call(
    { clientListeners, subscription, registry, name, delivered }: ListenersScene,
    listener: 'shared' | 'own',
    binary: boolean,
    sent: readonly unknown[],
  ) {
    const shared = clientListeners.ofCommand(subscription, binary);
    registry.set(name, { strings: new Set([shared]), buffers: new Set([shared]) });
    const message = sent as Parameters<typeof shared>;
    shared(...message);
    if (listener === 'shared') return;
    delivered.length = 0;
    const own = binary ? subscription.bufferListener : subscription.textListener;
    own!(...message);
  }
});
