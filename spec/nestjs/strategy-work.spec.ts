import { setImmediate } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, type RedisContext } from '@nestjs/microservices';
import { firstValueFrom, Subject } from 'rxjs';
import { NestFixture } from '../support/nest-fixture.js';
import { until } from '../support/until.js';

describe('ReceiverStrategy', () => {
  // Runs before the fixture closes the servers, which wait for their handlers.
  afterEach(() => {
    for (const open of Gated.gates.values()) open();
  });

  const nest = new NestFixture();

  /** Each handler waits until `letThrough` is called. */
  @Controller()
  class Gated {
    static running: string[] = [];
    static gates = new Map<string, () => void>();

    @EventPattern('jobs.*')
    job(@Payload() data: string, @Ctx() context: RedisContext): Promise<void> {
      return Gated.pass(`${context.getChannel()} ${data}`);
    }

    @MessagePattern('slow')
    async slow(@Payload() data: string): Promise<string> {
      await Gated.pass(`slow ${data}`);
      return `done ${data}`;
    }

    static pass(what: string): Promise<void> {
      Gated.running.push(what);
      return new Promise((resolve) => Gated.gates.set(what, resolve));
    }
  }

  beforeEach(() => {
    Gated.running = [];
    Gated.gates.clear();
  });

  const running = (...expected: string[]) =>
    until(() => Gated.running.join() === expected.join(), { message: `${expected.join()} to run` });
  const letThrough = (what: string) => Gated.gates.get(what)!();

  it('handles a bounded number of messages at a time, and a channel in order', async () => {
    await nest.serve(Gated, { concurrent: 2 });
    const client = await nest.bare();
    for (const [channel, data] of ['a1', 'a2', 'b1', 'c1']) await client.publish(`jobs.${channel}`, data!);
    await running('jobs.a 1', 'jobs.b 1');
    letThrough('jobs.b 1');
    await running('jobs.a 1', 'jobs.b 1', 'jobs.c 1');
    letThrough('jobs.a 1');
    await running('jobs.a 1', 'jobs.b 1', 'jobs.c 1', 'jobs.a 2');
  });

  it('handles requests concurrently, and in order if they have a key', async () => {
    const { app } = await nest.serve(Gated);
    const client = await nest.proxy();
    const answers = ['x', 'y'].map((data) => firstValueFrom(client.send('slow', data)));
    await running('slow x', 'slow y');
    letThrough('slow x');
    letThrough('slow y');
    await expect(Promise.all(answers)).resolves.toEqual(['done x', 'done y']);
    await app.close();

    await nest.serve(Gated, { key: ({ channel }) => channel });
    Gated.running = [];
    const ordered = ['x', 'y'].map((data) => firstValueFrom(client.send('slow', data)));
    await running('slow x');
    letThrough('slow x');
    await running('slow x', 'slow y');
    letThrough('slow y');
    await expect(Promise.all(ordered)).resolves.toEqual(['done x', 'done y']);
  });

  it('reports dropped messages, and replies to dropped requests with an error', async () => {
    await nest.serve(Gated, { concurrent: 1, capacity: 1, overflow: 'drop-incoming' });
    const client = await nest.proxy();
    const first = firstValueFrom(client.send('slow', 1));
    await running('slow 1');
    const second = firstValueFrom(client.send('slow', 2));
    await expect(firstValueFrom(client.send('slow', 3))).rejects.toEqual({
      status: 'error',
      message: 'The server is overloaded, and did not take this request.',
    });
    letThrough('slow 1');
    await running('slow 1', 'slow 2');
    letThrough('slow 2');
    await expect(Promise.all([first, second])).resolves.toEqual(['done 1', 'done 2']);
    await until(() => nest.log.of('warn').length > 0);
    expect(nest.log.of('warn')).toEqual(['warn Too much to handle: 1 messages were dropped so far']);
  });

  it('closes when all received messages are handled and answered', async () => {
    const { app } = await nest.serve(Gated);
    const client = await nest.proxy();
    const answer = firstValueFrom(client.send('slow', 1));
    await running('slow 1');
    const publisher = await nest.bare();
    await publisher.publish('jobs.a', '1');
    await publisher.publish('jobs.a', '2');
    let isClosed = false;
    const closed = app.close().then(() => (isClosed = true));
    await running('slow 1', 'jobs.a 1');
    letThrough('jobs.a 1');
    await running('slow 1', 'jobs.a 1', 'jobs.a 2');
    letThrough('jobs.a 2');
    await until(async () => (await publisher.pubSubNumPat()) === 0);
    expect(isClosed).toBe(false);
    letThrough('slow 1');
    await expect(answer).resolves.toBe('done 1');
    await closed;
  });

  it('closes without handlers that take too long, and logs a warning', async () => {
    const { app } = await nest.serve(Gated, { drainTimeout: 20 });
    await (await nest.bare()).publish('jobs.a', '1');
    await running('jobs.a 1');
    await app.close();
    expect(nest.log.of('warn')).toEqual(['warn Closed with messages that were not handled within 20 ms']);
  });

  it('waits for the stream of an event handler to complete', async () => {
    const gate = new Subject<number>();
    const started: string[] = [];
    @Controller()
    class Streaming {
      @EventPattern('stream')
      stream(@Payload() data: string) {
        started.push(data);
        return gate;
      }
    }
    await nest.serve(Streaming);
    const client = await nest.bare();
    await client.publish('stream', 'a');
    await client.publish('stream', 'b');
    await until(() => gate.observed);
    expect(started).toEqual(['a']);
    gate.complete();
    await until(() => started.length === 2);
  });

  it('keeps the order of every channel and its bound, for any duration of the handlers', async () => {
    const CHANNELS = 20;
    const EACH = 30;
    let running = 0;
    let most = 0;
    const handled = new Map<string, number[]>();
    @Controller()
    class Uneven {
      @EventPattern('uneven.*')
      async handle(@Payload() number: number, @Ctx() context: RedisContext): Promise<void> {
        most = Math.max(most, ++running);
        // A number of turns that differs between neighbouring messages.
        for (let turn = (number * 7) % 5; turn > 0; turn--) await setImmediate();
        const channel = context.getChannel();
        handled.set(channel, [...(handled.get(channel) ?? []), number]);
        running--;
      }
    }
    const { app } = await nest.serve(Uneven, { concurrent: 4 });
    const publisher = await nest.bare();
    const numbers = Array.from({ length: EACH }, (_, index) => index);
    const channels = Array.from({ length: CHANNELS }, (_, index) => `uneven.${index}`);
    await Promise.all(
      numbers.flatMap((number) => channels.map((channel) => publisher.publish(channel, String(number)))),
    );
    await app.close();
    expect(most).toBe(4);
    expect([...handled.keys()].sort()).toEqual(channels.sort());
    for (const list of handled.values()) expect(list).toEqual(numbers);
  });

  it('handles, when it closes, exactly the messages for which Redis counted it', async () => {
    const handled: string[] = [];
    @Controller()
    class Counting {
      @EventPattern('count.a')
      @EventPattern('count.b')
      async count(@Payload() data: string): Promise<void> {
        await setImmediate();
        handled.push(data);
      }

      @EventPattern('count.{shard}', { kind: 'shard' })
      shard(@Payload() data: string): void {
        handled.push(data);
      }
    }
    const { app } = await nest.serve(Counting);
    const publisher = await nest.bare();
    const delivered: string[] = [];
    let isDone = false;
    const publish = async (channel: string) => {
      for (let number = 0; !isDone; number++) {
        const data = `${channel} ${number}`;
        const send = channel.includes('{')
          ? publisher.sPublish(channel, data)
          : publisher.publish(channel, data);
        if ((await send) > 0) delivered.push(data);
      }
    };
    const publishing = Promise.all(['count.a', 'count.b', 'count.{shard}'].map(publish));
    await until(() => handled.length > 100);
    await app.close();
    const atTheEnd = [...handled];
    isDone = true;
    await publishing;
    expect(delivered.length).toBeGreaterThan(100);
    expect(atTheEnd.sort()).toEqual(delivered.sort());
  });
});
