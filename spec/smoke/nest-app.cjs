const assert = require('node:assert/strict');
const { once } = require('node:events');
const { firstValueFrom, from, lastValueFrom, toArray } = require('rxjs');

/** A service of Nest's that uses all of the adapter, however it was loaded. No decorators: this is JavaScript. */
module.exports = async function nestApp({ common, core, microservices, nestjs, createClient }) {
  const { ReceiverModule, ReceiverStrategy, ReceiverHealthIndicator, InjectReceiver } = nestjs;
  const url = process.env.REDIS_URL;
  const events = new (require('node:events'))();

  class Handlers {
    constructor(receiver) {
      this.receiver = receiver;
    }

    sum(numbers) {
      return numbers.reduce((sum, number) => sum + number, 0);
    }

    steps() {
      return from(['packed', 'sent']);
    }

    refuse() {
      throw new microservices.RpcException('not today');
    }

    order(data, context) {
      if (data === 'lost') throw new microservices.RpcException('no such order');
      events.emit('order', [context.getChannel(), data]);
    }
  }
  const decorate = (decorator, method) =>
    decorator(Handlers.prototype, method, Object.getOwnPropertyDescriptor(Handlers.prototype, method));
  decorate(microservices.MessagePattern({ cmd: 'sum' }), 'sum');
  decorate(microservices.MessagePattern('steps'), 'steps');
  decorate(microservices.MessagePattern('refuse'), 'refuse');
  decorate(microservices.EventPattern('orders.*'), 'order');
  microservices.Payload()(Handlers.prototype, 'order', 0);
  microservices.Ctx()(Handlers.prototype, 'order', 1);
  InjectReceiver()(Handlers, undefined, 0);
  common.Controller()(Handlers);

  class AppModule {}
  const options = { redis: url, channels: ['news'], connect: true };
  common.Module({ imports: [ReceiverModule.forRoot(options)], controllers: [Handlers] })(AppModule);

  const strategy = new ReceiverStrategy({ redis: url });
  const errors = [];
  const logger = {
    log() {},
    warn() {},
    error: (line) => errors.push(line),
    fatal: (line) => errors.push(line),
  };
  const hooked = [];
  strategy.setOnProcessingStartHook((_, context, done) => {
    hooked.push(`start ${context.getChannel()}`);
    return done();
  });
  strategy.setOnProcessingEndHook((_, context) => hooked.push(`end ${context.getChannel()}`));
  const app = await core.NestFactory.createMicroservice(AppModule, { logger, strategy });
  await app.listen();

  const [, hostname, port] = /\/\/(.*):(\d+)/.exec(url);
  const client = microservices.ClientProxyFactory.create({
    transport: microservices.Transport.REDIS,
    options: { host: hostname, port: Number(port) },
  });
  assert.equal(await firstValueFrom(client.send({ cmd: 'sum' }, [1, 2, 3])), 6);
  assert.deepEqual(await lastValueFrom(client.send('steps', '').pipe(toArray())), ['packed', 'sent']);
  const refusal = { status: 'error', message: 'not today' };
  await assert.rejects(firstValueFrom(client.send('refuse', '')), (error) => {
    assert.deepEqual(error, refusal);
    return true;
  });
  await lastValueFrom(client.emit('orders.7', 'lost'), { defaultValue: undefined });
  const [[order]] = await Promise.all([
    once(events, 'order'),
    firstValueFrom(client.emit('orders.7', 'paid')),
  ]);
  assert.deepEqual(order, ['orders.7', 'paid']);
  await client.close();

  const { receiver } = app.get(Handlers);
  const publisher = await createClient({ url }).connect();
  await publisher.publish('news', 'hello');
  assert.equal((await receiver.get()).data, 'hello');
  assert.equal(app.get(ReceiverHealthIndicator).isHealthy('redis').redis.status, 'up');
  await publisher.close();
  await app.close();
  assert.deepEqual(errors, ['The handler of orders.* failed, on orders.7: no such order']);
  const handled = ['{"cmd":"sum"}', 'steps', 'refuse', 'orders.7', 'orders.7'];
  assert.deepEqual(
    hooked,
    handled.flatMap((channel) => [`start ${channel}`, `end ${channel}`]),
  );
};
