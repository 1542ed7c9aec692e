import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { HandlerExtras } from 'rx-redis-receiver/nestjs';
import { NestFixture } from '../support/nest-fixture.js';
import { until } from '../support/until.js';

describe('A ReceiverStrategy that serves events over a group', () => {
  const nest = new NestFixture();
  let handled: number[];
  let work: (job: number) => Promise<void> | void;

  const group = { group: 'workers', claimAfter: 50, maxDeliveries: 3, deadLetter: 'jobs:dead' };

  @Controller()
  class Worker {
    @EventPattern('jobs', { group } satisfies HandlerExtras)
    async job(@Payload() { n }: { n: number }): Promise<void> {
      await work(n);
      handled.push(n);
    }
  }

  beforeEach(async () => {
    handled = [];
    work = () => undefined;
    await (await nest.bare()).flushAll();
  });

  const add = async (...jobs: number[]) => {
    const client = await nest.bare();
    for (const n of jobs) await client.xAdd('jobs', '*', { data: JSON.stringify({ n }) });
  };
  const pending = async () => (await (await nest.bare()).xPending('jobs', 'workers')).pending;

  it('shares the events among instances, each handled once', async () => {
    // With a `claimAfter` of 50 ms, an event might be handled twice: a process under load may stand still for so long.
    @Controller()
    class PatientWorker {
      @EventPattern('jobs', { group: { group: 'workers' } } satisfies HandlerExtras)
      job(@Payload() { n }: { n: number }): void {
        handled.push(n);
      }
    }
    await Promise.all([nest.serve(PatientWorker), nest.serve(PatientWorker), nest.serve(PatientWorker)]);
    await add(...Array(50).keys());
    await until(async () => handled.length >= 50 && (await pending()) === 0);
    expect(handled.sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect((await (await nest.bare()).xInfoConsumers('jobs', 'workers')).length).toBe(3);
  });

  it('handles what was added before it started, and packets of Nest', async () => {
    const packet = JSON.stringify({ pattern: 'jobs', data: { n: 2 } });
    await add(1);
    await (await nest.bare()).xAdd('jobs', '*', { data: packet });
    await nest.serve(Worker);
    await until(() => handled.length === 2);
    expect(handled.sort()).toEqual([1, 2]);
  });

  it('handles an event again whose handler has failed, until it is a dead letter', async () => {
    const attempts = new Map<number, number>();
    work = (n) => {
      const attempt = (attempts.get(n) ?? 0) + 1;
      attempts.set(n, attempt);
      if (n === 3 || (n === 2 && attempt < 3)) throw new Error(`job ${n} failed`);
    };
    await nest.serve(Worker);
    await add(1, 2, 3);
    const client = await nest.bare();
    await until(async () => handled.length === 2 && (await client.xLen('jobs:dead')) === 1);
    await until(async () => (await pending()) === 0);
    expect([handled.sort(), [...attempts]]).toEqual([
      [1, 2],
      [
        [1, 1],
        [2, 3],
        [3, 3],
      ],
    ]);
    await until(() => nest.log.lines.some((line) => line.includes('moved to jobs:dead, after 3 deliveries')));
  });

  it('leaves the events that it has not handled to another instance when it is closed', async () => {
    let end!: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const begun: number[] = [];
    work = (n) => {
      begun.push(n);
      return begun.length <= 2 ? ended : undefined;
    };
    const { app } = await nest.serve(Worker, { concurrent: 2, drainTimeout: 10 });
    await add(1, 2, 3, 4);
    await until(() => begun.length === 2);
    await app.close();
    expect(handled).toEqual([]);
    await nest.serve(Worker);
    await until(() => handled.length === 4);
    end();
    await until(async () => (await pending()) === 0);
  });

  type Decorator = (name: string, extras: object) => MethodDecorator;

  it.each<[string, Decorator, object, string]>([
    ['a request', MessagePattern, { group }, 'Expected the handler of jobs to be an event handler'],
    [
      'a kind',
      EventPattern,
      { group, kind: 'shard' },
      'Expected the kind of the handler of jobs to be absent',
    ],
    ['an option that is wrong', EventPattern, { group: { group: '' } }, "Expected the option 'group' to be"],
  ])('refuses a group with %s', async (_, pattern, extras, message) => {
    @Controller()
    class Wrong {
      @pattern('jobs', extras)
      job(): void {
        // Is never called.
      }
    }
    await expect(nest.serve(Wrong)).rejects.toThrow(message);
  });
});
