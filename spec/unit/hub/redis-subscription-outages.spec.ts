import { listOf, table } from '../../support/table.js';
import { SubscriptionScene } from './subscription-scene.js';

/** Each row: all events up to the last one, the last one, and what the last one causes. */
function rules(text: string): void {
  it.each(table<'before' | 'event' | 'next' | 'commands' | 'calls'>(text))(
    '$before: $event → $next',
    ({ before, event, next, commands, calls }) => {
      const scene = new SubscriptionScene();
      scene.prepare(listOf(before));
      scene.apply(event);
      expect({
        next: scene.state,
        commands: scene.commands.join(', '),
        calls: scene.calls.join(', '),
      }).toEqual({ next, commands, calls });
    },
  );
}

describe('RedisSubscription, when the connection is lost', () => {
  describe('interrupts its listeners, releases the ones that have left, and sends nothing', () => {
    rules(`
      before                                               | event           | next        | commands | calls
      a joins, Redis replies                               | connection lost | on          |          | a: interrupted
      a joins                                              | connection lost | subscribe   |          | a: interrupted
      a joins, b joins, Redis replies, a drains            | connection lost | on          |          | a: released, b: interrupted
      a joins, Redis replies, other code listens, a drains | connection lost | on          |          | a: released
      a joins, Redis replies, a leaves                     | connection lost | unsubscribe |          | a: released
      connection lost                                      | a joins         | off         |          |
      a joins, Redis replies, connection lost              | b joins         | on          |          |
      a joins, Redis replies, connection lost              | a leaves        | on          |          | a: released
      a joins, b joins, Redis replies, connection lost     | a drains        | on          |          | a: released
    `);
  });

  describe('leaves without a command while the client makes no connection', () => {
    rules(`
      before                                                         | event               | next | commands       | calls
      a joins, Redis replies, connection lost, a leaves              | client idle         | off  | forget, remove |
      a joins, Redis replies, connection lost, client idle           | a leaves            | off  | forget, remove | a: released
      a joins, Redis replies, connection lost, client idle           | b leaves            | on   |                |
      a joins, Redis replies, a leaves, connection lost, client idle | the command fails   | off  | forget, remove |
      a joins, Redis replies, other code listens, a drains           | connection given up | off  | forget, remove | a: released
      no registry, a joins, Redis replies, connection lost, a leaves | client idle         | on   |                |
    `);
  });

  describe('waits for the connection after a command that died with it', () => {
    rules(`
      before                                                               | event             | next        | commands    | calls
      a joins, connection lost                                             | the command fails | stranded    |             |
      a joins, connection lost, the command fails                          | connection back   | resubscribe | resubscribe |
      a joins, connection lost, the command fails, a leaves                | connection back   | unsubscribe | unsubscribe |
      a joins, Redis replies, a leaves, connection lost                    | the command fails | stranded    |             |
      a joins, Redis replies, a leaves, connection lost, the command fails | connection back   | unsubscribe | unsubscribe |
    `);
  });
});

describe('RedisSubscription, when the connection is back', () => {
  describe('notifies its listeners, and sends the operations wanted in the meantime', () => {
    rules(`
      before                                                     | event           | next                    | commands          | calls
      a joins, Redis replies, connection lost                    | connection back | on                      |                   | a: subscribed
      a joins, Redis replies, connection lost, a leaves          | connection back | unsubscribe             | unsubscribe       |
      a joins, Redis replies, connection lost, a leaves, b joins | connection back | on                      |                   | b: subscribed
      a joins, Redis replies, connection lost, bytes joins       | connection back | subscribe buffers, live | subscribe buffers | a: subscribed
      client offline, a joins                                    | connection back | subscribe               | subscribe         |
    `);
  });

  describe('relies on a SUBSCRIBE only if it is as new as the connection', () => {
    rules(`
      before                   | event           | next        | commands    | calls
      a joins, connection lost | Redis replies   | stranded    | recover     | a: interrupted
      a joins, connection lost | connection back | resubscribe | resubscribe | a: interrupted
      a joins                  | connection back | subscribe   |             |
    `);
  });

  describe('asks for each name itself once Redis has refused the command of the client for all names', () => {
    rules(`
      before                                                                                                                       | event               | next        | commands    | calls
      a joins, Redis replies, connection lost                                                                                      | resubscribe refused | stranded    | forget      |
      no registry, a joins, Redis replies, connection lost                                                                         | resubscribe refused | on          |             |
      a joins, connection lost, the command fails                                                                                  | resubscribe refused | stranded    | forget      |
      a joins, connection lost                                                                                                     | resubscribe refused | subscribe   |             |
      client offline, a joins                                                                                                      | resubscribe refused | off         |             |
      a joins, Redis replies, connection lost, resubscribe refused                                                                 | connection back     | resubscribe | resubscribe |
      a joins, Redis replies, bytes joins, Redis replies, connection lost, the command fails, resubscribe refused, connection back | Redis replies       | on          |             | a: subscribed, bytes: subscribed
    `);
  });
});

describe('RedisSubscription, when Redis may have dropped the name', () => {
  describe('asks Redis again', () => {
    rules(`
      before                                          | event             | next                | commands            | calls
      a joins, Redis replies                          | recovery restarts | resubscribe         | resubscribe         | a: interrupted
      a joins                                         | recovery restarts | resubscribe         | resubscribe         | a: interrupted
      a joins, connection lost                        | recovery restarts | stranded            |                     | a: interrupted
      a joins, Redis replies, a leaves                | recovery restarts | unsubscribe         | unsubscribe         |
      a joins, Redis replies, a leaves, Redis replies | recovery restarts | off                 |                     |
      bytes joins, Redis replies                      | recovery restarts | resubscribe buffers | resubscribe buffers | bytes: interrupted
    `);
  });

  describe('does not believe the reply to a SUBSCRIBE that an UNSUBSCRIBE of other code has overtaken', () => {
    rules(`
      before                                              | event                   | next        | commands             | calls
      a joins                                             | other code unsubscribes | subscribe   |                      |
      a joins, other code unsubscribes                    | Redis replies           | resubscribe | recover, resubscribe | a: interrupted
      a joins, a message arrives, other code unsubscribes | Redis replies           | on          |                      | a: subscribed
      a joins, listener removed                           | Redis replies           | resubscribe | recover, resubscribe | a: interrupted
      a joins, Redis replies                              | other code unsubscribes | on          |                      |
    `);
  });
});

describe('RedisSubscription, while Redis must not be asked', () => {
  describe('waits for the permission to subscribe, and unsubscribes without one', () => {
    rules(`
      before                                   | event          | next        | commands    | calls
      asking forbidden                         | a joins        | off         |             |
      asking forbidden, a joins                | a leaves       | off         | remove      | a: released
      asking forbidden, a joins                | asking allowed | subscribe   | subscribe   |
      a joins, Redis replies, asking forbidden | a leaves       | unsubscribe | unsubscribe |
    `);
  });
});
