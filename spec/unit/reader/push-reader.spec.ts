import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { installPushReader, removePushReader } from '../../../lib/reader/install.js';
import { CLIENTS, DecoderScene, settled, TYPES, type SceneOptions } from './decoder-scene.js';
import { aggregate, bytesOf, message, pushOn } from './frames.js';

describe.each(CLIENTS)('PushReader, on $version and RESP$resp,', (options) => {
  const { resp } = options;

  /** Plays the same on a client with the reader and on one without; returns what both have noticed. */
  async function both(play: (scene: DecoderScene) => void | Promise<void>): Promise<readonly string[]> {
    const logs: (readonly string[])[] = [];
    for (const reader of ['fast', 'client'] as const) {
      const scene = new DecoderScene(options, reader);
      await play(scene);
      await settled();
      logs.push(scene.log);
    }
    const [fast, client] = logs;
    expect(fast).toEqual(client);
    return fast!;
  }

  function subscriber(reader: 'fast' | 'client' = 'fast', scene = new DecoderScene(options, reader)) {
    for (const type of TYPES) {
      scene.subscribe(type, 'news');
      scene.listen(type, 'news', 'bytes');
      scene.listen(type, 'news', 'text', ' too');
    }
    return scene;
  }

  it('calls the listeners of all kinds in the order of the client, without its decoder', async () => {
    const bytes = bytesOf(
      ...TYPES.flatMap((type) => [
        message(resp, type, 'news', 'hello ☃'),
        message(resp, type, 'unknown', 'nobody hears this'),
        message(resp, type, 'news', Buffer.from([0xff, 0xc3, 0x28]), Buffer.from([0xff])),
      ]),
    );
    await both((scene) => {
      subscriber('fast', scene);
      scene.read(bytes);
      expect(scene.log.length).toBeGreaterThanOrEqual(18);
    });

    const scene = subscriber();
    const { decoded } = scene;
    scene.read(bytes);
    expect(scene.decoded).toBe(decoded);
    expect(scene.log.length).toBeGreaterThanOrEqual(18);
  });

  const CUT: readonly (readonly [what: string, bytes: (resp: 2 | 3) => Buffer])[] = [
    ['a message', (protocol) => message(protocol, 'CHANNELS', 'news', 'hello ☃')],
    ['an empty message', (protocol) => message(protocol, 'CHANNELS', 'news', '')],
    ['a message of a pattern', (protocol) => message(protocol, 'PATTERNS', 'news', 'hello', 'new channel')],
    ['a message of a sharded channel', (protocol) => message(protocol, 'SHARDED', 'news', '\r\n')],
    ['a push', (protocol) => pushOn(protocol, 'hello', 'world')],
    ['an invalidation', () => bytesOf('>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n')],
    ['a nested reply', () => bytesOf('*3\r\n$1\r\na\r\n*2\r\n:1\r\n_\r\n%1\r\n+k\r\n#t\r\n')],
    ['an error', () => bytesOf('-ERR no\r\n')],
    ['a double', () => bytesOf(',-1.5\r\n')],
    ['a verbatim string', () => bytesOf('=7\r\ntxt:abc\r\n')],
    [
      'a payload in the form of a message',
      (protocol) => message(protocol, 'CHANNELS', 'news', message(3, 'CHANNELS', 'news', 'x')),
    ],
    ['an attribute, which the client does not know', () => bytesOf('|1\r\n+ttl\r\n:5\r\n')],
    ['a byte too many', () => bytesOf('\n')],
  ];

  it.each(CUT)('reads %s between messages like the client, cut at every byte', async (_, part) => {
    const before = message(resp, 'CHANNELS', 'news', 'before');
    const bytes = bytesOf(before, part(resp), message(resp, 'PATTERNS', 'news', 'after'), '+OK\r\n');
    const end = before.length + part(resp).length;
    const scenes = (['fast', 'client'] as const).map((reader) => {
      const cut: DecoderScene[] = [];
      for (let first = before.length - 2; first <= end + 1; first++) {
        const scene = new DecoderScene(options, reader);
        scene.subscribe('CHANNELS', 'first');
        for (const type of TYPES) scene.listen(type, 'news');
        scene.command(['ONE']);
        scene.command(['TWO']);
        scene.readCut(bytes, first, first + 1);
        scene.read(message(resp, 'CHANNELS', 'news', 'the next chunk'));
        cut.push(scene);
      }
      return cut;
    });
    await settled();
    const [fast, client] = scenes.map((cut) => cut.map(({ log }) => log));
    expect(fast).toEqual(client);
    expect(fast!.flat()).toContainEqual('"CHANNELS" "text" "before" "from" "news"');
  });

  it('reads pushes between the replies of a transaction', async () => {
    const heard = await both((scene) => {
      subscriber('fast', scene);
      for (const name of ['MULTI', 'SET', 'EXEC']) scene.command([name]);
      const push = (data: string) => message(3, 'CHANNELS', 'news', data);
      scene.read(bytesOf('+OK\r\n', push('1'), '+QUEUED\r\n', push('2'), '*1\r\n+OK\r\n', push('3')));
    });
    expect(heard).toContain('"CHANNELS" "text" "3" "from" "news"');
  });

  it('takes the messages behind other frames of a chunk', () => {
    const scene = subscriber();
    for (const name of ['ONE', 'TWO']) scene.command([name]);
    const others = ['+OK\r\n', pushOn(3, 'hello', 'world'), '+OK\r\n'];
    const { decoded } = scene;
    scene.read(bytesOf(...others.flatMap((other) => [other, message(resp, 'CHANNELS', 'news', 'hello')])));
    expect(scene.decoded).toBe(decoded + bytesOf(...others).length);
  });

  it('leaves a reply a reply that looks like a message', async () => {
    const reply = aggregate('*', 'message', 'news', 'a list of three');
    const heard = await both((scene) => {
      // On RESP2, the client itself takes the reply for a message as soon as it subscribes.
      scene.listen('CHANNELS', 'news');
      if (resp === 3) scene.subscribe('CHANNELS', 'first');
      scene.command(['LRANGE', 'list', '0', '-1']);
      scene.command(['LRANGE', 'list', '0', '-1'], { typeMapping: { 36: Buffer, 43: Buffer } });
      scene.read(bytesOf(reply, reply));
    });
    expect(heard.filter((entry) => entry.startsWith('"reply"'))).toHaveLength(2);
    expect(heard.join()).not.toContain('"CHANNELS"');
  });

  it('takes arrays for messages on RESP2 from SUBSCRIBE to the end of the connection', async () => {
    const heard = await both((scene) => {
      const text = (data: string) => message(2, 'CHANNELS', 'news', data);
      scene.listen('CHANNELS', 'news');
      scene.command(['LRANGE']);
      scene.read(text('1'));
      scene.subscribe('CHANNELS', 'first');
      scene.read(text('2'));
      scene.queue.flushAll(new Error('The connection is lost.'));
      scene.command(['LRANGE']);
      scene.read(text('3'));
      scene.subscribe('CHANNELS', 'second');
      scene.read(text('4'));
    });
    const messages = heard.filter((entry) => entry.startsWith('"CHANNELS"'));
    expect(messages.map((entry) => entry.split(' ')[2])).toEqual(resp === 2 ? ['"2"', '"4"'] : []);
    expect(heard.filter((entry) => entry.startsWith('"reply"'))).toHaveLength(2);
  });

  it('leaves the channel of invalidations to the client', async () => {
    const name = '__redis__:invalidate';
    await both((scene) => {
      for (const type of TYPES) {
        scene.subscribe(type, name);
        scene.listen(type, name, 'bytes');
        scene.read(message(resp, type, name, 'published by hand', name));
        scene.read(
          message(resp, type, name, 'published by hand', 'another channel of as many'.slice(0, name.length)),
        );
      }
    });
  });

  it('leaves all messages to the client while its diagnostics channel has a subscriber', () => {
    const traces: unknown[] = [];
    const onTrace = (trace: unknown) => traces.push(trace);
    const scene = subscriber();
    const bytes = message(resp, 'CHANNELS', 'news', 'hello');
    const { decoded } = scene;
    scene.read(bytes);
    expect(scene.decoded).toBe(decoded);
    subscribe('node-redis:pubsub', onTrace);
    scene.read(bytesOf(bytes, bytes));
    unsubscribe('node-redis:pubsub', onTrace);
    expect(scene.decoded).toBe(decoded + 2 * bytes.length);
    scene.read(bytes);
    expect(scene.decoded).toBe(decoded + 2 * bytes.length);
    expect(traces).toHaveLength(2);
    expect(traces[0]).toMatchObject({ direction: 'in', sharded: false });
  });

  it('leaves all pushes to other code that has replaced the handler of pushes', () => {
    const scene = subscriber();
    const { onPush } = scene.queue.decoder;
    const pushes: unknown[] = [];
    scene.queue.decoder.onPush = (push) => pushes.push(push);
    scene.read(message(3, 'CHANNELS', 'news', 'hello'));
    expect(pushes).toHaveLength(1);
    scene.queue.decoder.onPush = onPush;
    scene.read(message(3, 'CHANNELS', 'news', 'hello'));
    expect(pushes).toHaveLength(1);
  });

  it('passes the exception of a listener on, and loses the rest of the chunk like the client', async () => {
    const heard = await both((scene) => {
      subscriber('fast', scene);
      scene.command(['PING']);
      scene.onMessage = (data) => {
        if (data === 'throw') throw new Error('The listener threw.');
      };
      const text = (data: string) => message(resp, 'CHANNELS', 'news', data);
      scene.read(bytesOf(text('1'), text('throw'), text('2'), '+PONG\r\n'));
      scene.read(text('3'));
      scene.subscribe('CHANNELS', 'more');
      scene.readCut(bytesOf(text('throw'), text('a chunk that ends within a message')), 80);
      scene.read(text('4'));
    });
    expect(heard).toContain('"error" Error(The listener threw.)');
  });

  it('calls listeners that a listener adds, and none that it removes', async () => {
    const heard = await both((scene) => {
      subscriber('fast', scene);
      const registry = scene.registry('CHANNELS');
      let last = '';
      scene.onMessage = (data) => {
        const entry = registry.get('news')!;
        if (data === last) return;
        last = data;
        if (data === 'add') scene.listen('CHANNELS', 'news', 'text', ' late');
        if (data === 'replace')
          entry.strings = new Set(entry.strings).add(scene.listener('CHANNELS', 'text', ' new'));
        if (data === 'clear') entry.strings.clear();
        if (data === 'delete') registry.delete('news');
      };
      for (const data of ['add', 'replace', 'x', 'clear', 'x', 'delete', 'x'])
        scene.read(bytesOf(message(resp, 'CHANNELS', 'news', data), message(resp, 'CHANNELS', 'news', 'y')));
    });
    expect(heard.join()).toMatch(/late.*new/);
  });

  it('gives the string to listeners after those of bytes, which may have changed the bytes', async () => {
    const heard = await both((scene) => {
      subscriber('fast', scene);
      scene
        .registry('CHANNELS')
        .get('news')!
        .buffers.add((data, channel) => {
          (data as Buffer).fill('!');
          (channel as Buffer).fill('?');
        });
      scene.read(message(resp, 'CHANNELS', 'news', 'hello'));
    });
    expect(heard).toContain('"CHANNELS" "text" "!!!!!" "from" "news"');
  });

  it('reads on from the beginning of a frame when the client resets its decoder', async () => {
    const bytes = message(resp, 'CHANNELS', 'news', 'hello');
    for (let cut = 0; cut < bytes.length; cut++) {
      const heard = await both((scene) => {
        subscriber('fast', scene);
        scene.read(bytes.subarray(0, cut));
        scene.queue.flushAll(new Error('The connection is lost.'));
        scene.subscribe('CHANNELS', 'first');
        scene.read(bytesOf(message(resp, 'CHANNELS', 'news', 'again'), bytes));
      });
      expect(heard).toContain('"CHANNELS" "text" "again" "from" "news"');
    }
  });

  it('waits for a payload that is announced with 512 MB, as the client does', async () => {
    const heard = await both((scene) => {
      subscriber('fast', scene);
      const head = message(resp, 'CHANNELS', 'news', '').toString().replace('$0\r\n\r\n', '$536870912\r\n');
      scene.read(bytesOf(message(resp, 'CHANNELS', 'news', 'before'), head));
      // It looks like a message, and is a part of the payload.
      for (let times = 0; times < 3; times++) scene.read(message(resp, 'CHANNELS', 'news', 'in the payload'));
      scene.queue.flushAll(new Error('The connection is lost.'));
      scene.subscribe('CHANNELS', 'first');
      scene.read(message(resp, 'CHANNELS', 'news', 'after'));
    });
    expect(heard.join()).toMatch(/before.*after/);
    expect(heard.join()).not.toContain('in the payload');
  });

  it('takes messages again when malformed bytes have ended the connection', () => {
    const scene = subscriber();
    const bytes = message(resp, 'CHANNELS', 'news', 'hello');
    const { decoded: before } = scene;
    scene.command(['GET']);
    // The client takes this for a string of 72 bytes.
    scene.read('$x\r\n');
    scene.read(bytes);
    expect(scene.decoded).toBe(before + 4 + bytes.length);
    scene.read(message(resp, 'CHANNELS', 'news', 'on a new connection'));
    scene.queue.flushAll(new Error('The connection is lost.'));
    scene.subscribe('CHANNELS', 'first');
    const { decoded } = scene;
    scene.read(message(resp, 'CHANNELS', 'news', 'on a new connection'));
    expect(scene.decoded).toBe(decoded);
    expect(scene.log.at(-1)).toContain('on a new connection');
  });

  /** Plays a chunk in which a listener destroys the client at the message `'2'`, and returns the payloads that are heard. */
  function destroyed(reader: 'fast' | 'client', lead: Buffer, cut: number) {
    const scene = new DecoderScene(options, reader);
    scene.subscribe('CHANNELS', 'news');
    const payloads: string[] = [];
    let isOpen = true;
    scene.onMessage = (data) => {
      payloads.push(data);
      if (data === '2' && isOpen) {
        isOpen = false;
        scene.queue.flushAll(new Error('The client is destroyed.'));
        // Otherwise the client would not take arrays for messages any more.
        if (resp === 2) scene.request('subscribe', 'CHANNELS', 'more', scene.listener('CHANNELS'));
      }
    };
    const bytes = bytesOf(lead, ...['1', '2', '3'].map((data) => message(resp, 'CHANNELS', 'news', data)));
    scene.readCut(bytes, cut);
    return payloads;
  }

  it('reads no message twice when a listener destroys the client, as the client alone does', () => {
    expect(destroyed('fast', bytesOf(''), 0)).toEqual(['1', '2', '3']);
    expect(destroyed('client', bytesOf(''), 0)).toEqual(['1', '2', '1', '2', '3']);
  });

  it('reads no message twice either if the decoder has the message of that listener', () => {
    const lead = pushOn(3, 'hello', 'world');
    const second = lead.length + message(resp, 'CHANNELS', 'news', '1').length;
    // Cut before its last byte, the message would be complete for the client, and the next chunk belong to the end.
    const last = second + message(resp, 'CHANNELS', 'news', '2').length - 1;
    for (let cut = second; cut < last; cut++) expect(destroyed('fast', lead, cut)).toEqual(['1', '2', '3']);
  });

  it('reads a new connection from the beginning of a frame, after a listener has destroyed the client', () => {
    const text = (data: string) => message(resp, 'CHANNELS', 'news', data);
    const bytes = bytesOf(text('1'), text('destroy'), text('2'));
    for (let cut = 0; cut < bytes.length; cut++) {
      for (const length of [bytes.length, bytes.length - 3]) {
        const scene = subscriber();
        const state = { isOpen: true };
        scene.onMessage = (data) => {
          if (data !== 'destroy' || !state.isOpen) return;
          state.isOpen = false;
          scene.queue.flushAll(new Error('The client is destroyed.'));
        };
        scene.read(bytes.subarray(0, cut));
        if (state.isOpen) scene.read(bytes.subarray(cut, length));
        scene.subscribe('CHANNELS', 'first');
        scene.read(text('on a new connection'));
        expect([cut, scene.log.at(-1)]).toEqual([cut, expect.stringContaining('on a new connection')]);
      }
    }
  });

  it('reads a chunk that a listener gives it, and then the rest of its own', () => {
    const scene = subscriber();
    const text = (data: string) => message(resp, 'CHANNELS', 'news', data);
    scene.onMessage = (data) => {
      if (data === 'outer') {
        scene.onMessage = () => undefined;
        scene.read(bytesOf(text('inner'), '+OK\r\n'));
      }
    };
    scene.command(['PING']);
    scene.read(bytesOf(text('outer'), text('last')));
    const texts = scene.log.filter((entry) => entry.startsWith('"CHANNELS" "text" '));
    expect(texts.map((entry) => entry.split(' ')[2])).toEqual(
      expect.arrayContaining(['"outer"', '"inner"', '"last"']),
    );
    expect(scene.log.at(-1)).toContain('"last"');
  });

  describe('on a connection that is in use', () => {
    const bytes = (protocol: SceneOptions['resp']) =>
      bytesOf(
        message(protocol, 'CHANNELS', 'news', '1\r\n\r\n'),
        pushOn(3, 'hello', 'world'),
        '+OK\r\n',
        message(protocol, 'PATTERNS', 'news', '2'),
        '%1\r\n+a\r\n_\r\n',
        message(protocol, 'CHANNELS', 'news', '3'),
        message(protocol, 'SHARDED', 'news', '4'),
      );

    it('is put in place at any byte, and finds the next end of a frame', async () => {
      const whole = bytes(resp);
      const play = async (at: number, isRead: boolean) => {
        const scene = subscriber('client');
        scene.command(['ONE']);
        scene.command(['TWO']);
        scene.read(whole.subarray(0, at));
        if (isRead) expect(installPushReader(scene.client)).toBe(true);
        scene.read(whole.subarray(at));
        const { decoded } = scene;
        scene.read(message(resp, 'CHANNELS', 'news', '5'));
        // Put in place within the last frame, the reader finds no end of a frame before this message.
        if (isRead && at < whole.length - 70) expect([at, scene.decoded]).toEqual([at, decoded]);
        await settled();
        return scene.log;
      };
      for (let at = 0; at <= whole.length; at++) expect(await play(at, true)).toEqual(await play(at, false));
    });

    it('hands only some lines over one by one, because the decoder keeps each for a long payload', () => {
      const scene = subscriber('client');
      const long = message(resp, 'CHANNELS', 'news', '\r\n'.repeat(1_000));
      scene.read(long.subarray(0, 200));
      installPushReader(scene.client);
      const { decodedChunks } = scene;
      scene.read(long.subarray(200, -2));
      expect(scene.decodedChunks - decodedChunks).toBeLessThan(200);
      scene.read(bytesOf(long.subarray(-2), message(resp, 'CHANNELS', 'news', 'next')));
      expect(scene.log.join()).toMatch(/\\r\\n.*"next"/);
    });

    it('is removed at any byte, and leaves no trace', async () => {
      const whole = bytes(resp);
      const play = async (at: number, isRead: boolean) => {
        const scene = subscriber(isRead ? 'fast' : 'client');
        scene.command(['ONE']);
        scene.command(['TWO']);
        scene.read(whole.subarray(0, at));
        removePushReader(scene.client);
        expect(Object.keys(scene.queue.decoder)).toEqual([
          'onReply',
          'onErrorReply',
          'onPush',
          'getTypeMapping',
        ]);
        scene.read(whole.subarray(at));
        await settled();
        return scene.log;
      };
      for (let at = 0; at <= whole.length; at++) expect(await play(at, true)).toEqual(await play(at, false));
    });

    it('is removed by a listener, in the middle of a chunk', async () => {
      const heard = await both((scene) => {
        subscriber('fast', scene);
        scene.command(['ONE']);
        scene.command(['TWO']);
        scene.onMessage = (data) => {
          if (data === '2') removePushReader(scene.client);
        };
        scene.readCut(bytes(resp), bytes(resp).length - 5);
      });
      expect(heard.join()).toMatch('"SHARDED" "text" "4"');
    });
  });
});
