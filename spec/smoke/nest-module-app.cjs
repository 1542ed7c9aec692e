const assert = require('node:assert/strict');

assert.throws(() => require.resolve('@nestjs/microservices'), { code: 'MODULE_NOT_FOUND' });

/** An application that uses the module where `@nestjs/microservices` is not installed. */
module.exports = async function nestModuleApp({ common, core, nestModule, createClient }) {
  const { ReceiverModule, ReceiverHealthIndicator, InjectReceiver } = nestModule;
  const url = process.env.REDIS_URL;

  class News {
    constructor(receiver) {
      this.receiver = receiver;
    }
  }
  InjectReceiver()(News, undefined, 0);
  common.Injectable()(News);

  class AppModule {}
  const options = { redis: url, channels: ['news'], connect: true };
  common.Module({ imports: [ReceiverModule.forRoot(options)], providers: [News] })(AppModule);

  const app = await core.NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  const publisher = await createClient({ url }).connect();
  await publisher.publish('news', 'hello');
  assert.equal((await app.get(News).receiver.get()).data, 'hello');
  assert.equal(app.get(ReceiverHealthIndicator).isHealthy('redis').redis.status, 'up');
  await publisher.close();
  await app.close();
};
