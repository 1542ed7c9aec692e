import { Receiver } from '../../lib/index.js';
import { FaultScene } from './fault-scene.js';
import { PROTOCOLS } from '../support/client-under-test.js';
import { until } from '../support/until.js';

/** The states in which a Receiver is ended; each function brings a scene into its state. */
const STATES: Readonly<Record<string, (scene: FaultScene) => void | Promise<void>>> = {
  idle() {},

  'a SUBSCRIBE in flight'({ proxy, receiver }) {
    proxy.hold('to-server');
    receiver.channel('late');
  },

  async 'a SUBSCRIBE unanswered'(scene) {
    scene.proxy.hold('to-client');
    scene.receiver.channel('late');
    await until(async () => (await scene.subscriptions()) === 'a b late');
  },

  'an UNSUBSCRIBE in flight'({ proxy, receiver }) {
    proxy.hold('to-server');
    void receiver.channel('b').close();
  },

  async offline(scene) {
    await goOffline(scene);
  },

  async 'offline, with operations waiting'(scene) {
    await goOffline(scene);
    scene.receiver.channel('late');
    void scene.receiver.channel('b').close();
  },

  async 'a connection without an answer'(scene) {
    scene.proxy.swallow('to-client');
    const seen = scene.proxy.seen('to-server');
    const lost = scene.disconnected();
    scene.proxy.cut();
    await lost;
    await until(() => scene.proxy.seen('to-server') > seen);
  },

  'half open'({ proxy }) {
    proxy.swallow('to-client');
    proxy.swallow('to-server');
  },

  'a frozen server'({ server, receiver }) {
    server.freeze();
    receiver.channel('late');
  },

  async 'a dead server'(scene) {
    const lost = scene.disconnected();
    await scene.server.kill();
    await lost;
  },
};

async function goOffline(scene: FaultScene): Promise<void> {
  const lost = scene.disconnected();
  scene.proxy.close();
  scene.proxy.cut();
  await lost;
}

const reconnectStrategy = () => 20;

describe.each(PROTOCOLS)('in every state, on RESP%i,', (RESP) => {
  /** Brings one scene into each state, after one received message, and runs `act` on all of them at once. */
  async function inEachState(act: (scene: FaultScene, state: string) => Promise<void>): Promise<void> {
    await Promise.all(
      Object.entries(STATES).map(async ([state, arrange]) => {
        await using scene = await FaultScene.start({ RESP, reconnectStrategy });
        await scene.observe();
        await scene.publish();
        await scene.allReceived();
        await arrange(scene);
        await act(scene, state);
      }),
    );
  }

  it.each(['stop', 'drain'] as const)(
    '%s() settles, completes the stream, and leaves no subscription',
    async (way) => {
      await inEachState(async (scene, state) => {
        const { receiver, ledger, client } = scene;
        await receiver[way]();
        expect({ state, ended: ledger.ended }).toEqual({ state, ended: { error: undefined } });
        // Operations in flight can only be undone when the server replies again.
        await scene.heal();
        const isLeft = async () =>
          client.eventNames().join() !== 'error' || (await scene.subscriptions()) !== '';
        await until(async () => !(await isLeft()), { message: `no subscription left; ${state}` });
        await receiver[way]();
      });
    },
  );

  it('stop() cuts a drain() short', async () => {
    await inEachState(async ({ receiver }) => {
      const drained = receiver.drain();
      await receiver.stop();
      await drained;
    });
  });

  it('destroying the client completes the stream', async () => {
    await inEachState(async ({ receiver, ledger, client }, state) => {
      client.destroy();
      await until(() => ledger.ended, { message: `the end of the stream; ${state}` });
      expect({ state, ended: ledger.ended }).toEqual({ state, ended: { error: undefined } });
      await receiver.stop();
      await receiver.drain();
    });
  });

  it('closing the client completes the stream, once no reply is awaited', async () => {
    await inEachState(async (scene, state) => {
      const { receiver, ledger, client } = scene;
      client.close().catch(() => undefined);
      // A client that closes waits for the replies to its commands.
      await scene.heal();
      await until(() => ledger.ended, { message: `the end of the stream; ${state}` });
      expect({ state, ended: ledger.ended }).toEqual({ state, ended: { error: undefined } });
      await receiver.stop();
      await receiver.drain();
    });
  });

  it('stop() and drain() settle on a client that has just been closed', async () => {
    await inEachState(async ({ receiver, client }) => {
      client.close().catch(() => undefined);
      await receiver.drain();
      await receiver.stop();
    });
  });
});

describe.each(PROTOCOLS)('drain(), on RESP%i,', (RESP) => {
  it('delivers the messages under way, also of names that another Receiver of the client keeps', async () => {
    await using scene = await FaultScene.start({ RESP });
    const { proxy, client, admin } = scene;
    await scene.observe();
    const drained = new Receiver(client);
    for (const name of ['a', 'b']) drained.channel(name);
    await drained.connect();
    proxy.hold('to-client');
    for (let round = 0; round < 50; round++) await scene.publish();
    const done = drained.drain();
    proxy.release('to-client');
    await done;
    expect(drained.stats).toMatchObject({ received: 100, late: 0 });
    await scene.publish();
    await scene.allReceived();
    expect(drained.stats).toMatchObject({ received: 100, late: 0 });
    expect(scene.ledger.faults()).toEqual([]);
    expect(await admin.pubSubNumSub(['a', 'b'])).toEqual({ a: 1, b: 1 });
  });

  it('does not wait for messages under way when the connection is lost', async () => {
    await using scene = await FaultScene.start({ RESP });
    await scene.observe();
    const drained = new Receiver(scene.client);
    drained.channel('a');
    await drained.connect();
    scene.proxy.hold('to-client');
    const lost = scene.disconnected();
    const done = drained.drain();
    scene.proxy.cut();
    scene.proxy.release('to-client');
    await Promise.all([done, lost]);
    await scene.recover();
    expect(scene.ledger.faults()).toEqual([]);
    expect(scene.client.listenerCount('error')).toBe(2);
  });
});

describe.each(PROTOCOLS)('a client that gives up, on RESP%i,', (RESP) => {
  it.each(['idle', 'a SUBSCRIBE in flight', 'an UNSUBSCRIBE in flight'])(
    'with %s, ends the stream',
    async (state) => {
      await using scene = await FaultScene.start({ RESP, reconnectStrategy: false });
      await scene.observe();
      await STATES[state]!(scene);
      scene.proxy.cut();
      await until(() => scene.ledger.ended);
      expect(scene.ledger.ended).toMatchObject({ error: { code: 'ERR_CONNECTION_LOST' } });
      await scene.receiver.stop();
      expect(scene.client.eventNames()).toEqual(['error']);
    },
  );

  it('after several attempts, ends the stream behind the queued messages', async () => {
    const reconnectStrategy = (retries: number) => (retries < 5 ? 10 : new Error('enough'));
    await using scene = await FaultScene.start({ RESP, reconnectStrategy, channels: ['a'] });
    const { receiver } = scene;
    await receiver.connect();
    await scene.publish();
    await until(() => receiver.stats.buffered === 1);
    await scene.server.kill();
    await until(() => !scene.client.isOpen);
    await expect(receiver.get()).resolves.toMatchObject({ data: '1' });
    await expect(receiver.get()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    await receiver.stop();
    await receiver.drain();
  });
});
