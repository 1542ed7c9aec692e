import { Receiver } from '../../lib/index.js';
import { FaultScene } from '../faults/fault-scene.js';

// Ends Receivers in each faulty state, and then does nothing more: a resource that is left would keep the process
// alive.

const STATES: ((scene: FaultScene) => void | Promise<void>)[] = [
  () => undefined,
  (scene) => scene.kill(),
  ({ proxy, receiver }) => {
    proxy.hold('to-server');
    receiver.channel('late');
  },
  async (scene) => {
    const lost = scene.disconnected();
    scene.proxy.close();
    scene.proxy.cut();
    await lost;
    scene.receiver.channel('late');
  },
  ({ server, receiver }) => {
    server.freeze();
    void receiver.channel('a').close();
  },
  ({ client }) => client.destroy(),
];

async function endBorrowing(way: 'stop' | 'drain', arrange: (typeof STATES)[number]): Promise<void> {
  await using scene = await FaultScene.start({ reconnectStrategy: () => 20 });
  await scene.observe();
  await scene.publish();
  await scene.allReceived();
  await arrange(scene);
  await scene.receiver[way]();
}

async function endOwning(arrange: (scene: FaultScene) => unknown): Promise<void> {
  await using scene = await FaultScene.start();
  const receiver = await Receiver.open(scene.proxy.url);
  receiver.channel('a');
  await receiver.connect();
  receiver.events.subscribe(({ type }) => void (type === 'disconnected' && receiver.stop()));
  await arrange(scene);
  await receiver.stop();
}

async function main(): Promise<void> {
  await Promise.all([
    ...STATES.flatMap((arrange) => [endBorrowing('stop', arrange), endBorrowing('drain', arrange)]),
    endOwning(() => undefined),
    endOwning(({ proxy }) => proxy.cut()),
    endOwning(({ server }) => server.kill()),
    endOwning(({ server }) => server.freeze()),
  ]);
  console.log(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length);
}

void main();
