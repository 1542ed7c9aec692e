import { Controller, Inject, UseFilters, type ArgumentsHost, type RpcExceptionFilter } from '@nestjs/common';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  type ClientProxy,
  type RedisContext,
} from '@nestjs/microservices';
import { concat, from, lastValueFrom, map, of, tap, throwError, timer, type Observable } from 'rxjs';
import { json, publishTo } from 'rx-redis-receiver';
import { ask, emit, NestFixture } from '../support/nest-fixture.js';
import { until } from '../support/until.js';

class Recorder {
  readonly lines: string[] = [];
}

class ToText implements RpcExceptionFilter {
  catch(error: Error, host: ArgumentsHost): Observable<never> {
    return throwError(
      () => `${error.message} on ${host.switchToRpc().getContext<RedisContext>().getChannel()}`,
    );
  }
}

@Controller()
class Handlers {
  constructor(@Inject(Recorder) readonly received: Recorder) {}

  @MessagePattern('value')
  value(@Payload() data: unknown) {
    return { got: data };
  }

  @MessagePattern({ cmd: 'promise', version: 2 })
  promise(@Payload() data: unknown) {
    return Promise.resolve([data]);
  }

  @MessagePattern(7)
  seven(@Payload() data: unknown) {
    return data;
  }

  @MessagePattern('stream')
  stream(@Payload() to: number) {
    return from(Array.from({ length: to }, (_, index) => index));
  }

  @MessagePattern('later-stream')
  laterStream() {
    return concat(timer(1), timer(1));
  }

  @MessagePattern('promised-stream')
  promisedStream() {
    return Promise.resolve(of('a', 'b'));
  }

  @MessagePattern('undefined')
  undefined(): void {}

  @MessagePattern('nothing')
  nothing() {
    return null;
  }

  @MessagePattern('falsy')
  falsy() {
    return of(0, '', false);
  }

  @MessagePattern('rpc-error')
  rpcError() {
    throw new RpcException('refused');
  }

  @MessagePattern('rpc-object')
  rpcObject() {
    throw new RpcException({ code: 42, details: ['a'] });
  }

  @MessagePattern('error')
  error() {
    return Promise.reject(new Error('secret'));
  }

  @MessagePattern('stream-error')
  streamError() {
    return concat(
      of(1, 2),
      throwError(() => new RpcException('midway')),
    );
  }

  @UseFilters(ToText)
  @MessagePattern('filtered')
  filtered() {
    throw new Error('filtered');
  }

  @EventPattern('event')
  event(@Payload() data: unknown, @Ctx() context: RedisContext) {
    this.received.lines.push(`1 ${context.getChannel()} ${JSON.stringify(data)}`);
  }

  @EventPattern('event')
  eventToo(@Payload() data: unknown) {
    return of(data).pipe(tap(() => this.received.lines.push(`2 ${JSON.stringify(data)}`)));
  }

  @EventPattern({ type: 'created' })
  created(@Payload() data: unknown) {
    this.received.lines.push(`created ${JSON.stringify(data)}`);
  }

  @EventPattern('asked')
  asked(@Payload() data: unknown) {
    this.received.lines.push(`asked ${String(data)}`);
    return 'received';
  }
}

/** Returns every value that a subscriber of Nest's client gets, and its end. */
function seen(client: ClientProxy, pattern: unknown, data: unknown): Promise<unknown[]> {
  return new Promise((resolve) => {
    const lines: unknown[] = [];
    client.send<unknown>(pattern, data).subscribe({
      next: (value) => lines.push({ value }),
      error: (error: unknown) => resolve([...lines, { error }]),
      complete: () => resolve([...lines, 'complete']),
    });
  });
}

describe.each(["Nest's own server", 'ReceiverStrategy'])('for a client of Nest, %s', (server) => {
  const nest = new NestFixture();
  let received: Recorder;

  beforeEach(async () => {
    received = new Recorder();
    const providers = [{ provide: Recorder, useValue: received }];
    if (server === 'ReceiverStrategy') await nest.serve(Handlers, {}, providers);
    else await nest.serveWithNest(Handlers, providers);
  });

  it.each<[pattern: unknown, data: unknown, ...expected: unknown[]]>([
    ['value', { a: 1 }, { value: { got: { a: 1 } } }, 'complete'],
    ['value', 'Zoë ☃ 𝄞', { value: { got: 'Zoë ☃ 𝄞' } }, 'complete'],
    ['value', '', { value: { got: '' } }, 'complete'],
    [{ version: 2, cmd: 'promise' }, 1, { value: [1] }, 'complete'],
    [7, 'seven', { value: 'seven' }, 'complete'],
    ['stream', 3, { value: 0 }, { value: 1 }, { value: 2 }, 'complete'],
    ['stream', 0, 'complete'],
    ['later-stream', 0, { value: 0 }, { value: 0 }, 'complete'],
    ['promised-stream', 0, { value: 'a' }, { value: 'b' }, 'complete'],
    ['undefined', 0, 'complete'],
    ['nothing', 0, { value: null }, 'complete'],
    ['falsy', 0, { value: 0 }, { value: '' }, { value: false }, 'complete'],
    ['rpc-error', 0, { error: { status: 'error', message: 'refused' } }],
    ['rpc-object', 0, { error: { code: 42, details: ['a'] } }],
    ['error', 0, { error: { status: 'error', message: 'Internal server error' } }],
    ['stream-error', 0, { value: 1 }, { value: 2 }, { error: { status: 'error', message: 'midway' } }],
    ['filtered', 0, { error: 'filtered on filtered' }],
  ])('replies to send(%j, %j)', async (pattern, data, ...expected) => {
    await expect(seen(await nest.proxy(), pattern, data)).resolves.toEqual(expected);
  });

  it('replies to many requests at once, each with its own value', async () => {
    const client = await nest.proxy();
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const answers = await Promise.all(numbers.map((number) => ask(client, 'value', number)));
    expect(answers).toEqual(numbers.map((number) => [{ got: number }]));
  });

  it('receives its events with every handler of the name', async () => {
    const client = await nest.proxy();
    await emit(client, 'event', { a: [1] });
    await until(() => received.lines.length === 2);
    expect(received.lines.sort()).toEqual(['1 event {"a":[1]}', '2 {"a":[1]}']);
    await emit(client, { type: 'created' }, 5);
    await until(() => received.lines.includes('created 5'));
  });

  it('receives packets of Nest that publishTo sends', async () => {
    const packets = of(1, 'two', { three: [3] }).pipe(map((data) => ({ pattern: 'event', data })));
    await lastValueFrom(packets.pipe(publishTo(await nest.bare(), 'event', { codec: json() })));
    await until(() => received.lines.length === 6);
    const first = received.lines.filter((line) => line.startsWith('1 '));
    expect(first).toEqual(['1 event 1', '1 event "two"', '1 event {"three":[3]}']);
  });

  it('replies to a request for an event handler with the result of the handler', async () => {
    await expect(ask(await nest.proxy(), 'asked', 'x')).resolves.toEqual(['received']);
    expect(received.lines).toEqual(['asked x']);
  });

  it.each([
    ['value', '{"response":{"got":2},"isDisposed":true,"id":"an id"}'],
    ['stream', '{"response":0,"id":"an id"}', '{"response":1,"isDisposed":true,"id":"an id"}'],
    ['stream-error', '{"response":1,"id":"an id"}', '{"response":2,"id":"an id"}', errorReply('midway')],
    ['rpc-error', errorReply('refused')],
  ])('writes the same bytes, for %s', async (channel, ...expected) => {
    const replies: string[] = [];
    const client = await nest.bare();
    await client.subscribe(`${channel}.reply`, (reply) => replies.push(reply));
    await client.publish(channel, JSON.stringify({ pattern: channel, data: 2, id: 'an id' }));
    await until(() => replies.length >= expected.length);
    expect(replies).toEqual(expected);
  });
});

function errorReply(message: string): string {
  return `{"err":{"status":"error","message":"${message}"},"isDisposed":true,"id":"an id"}`;
}
