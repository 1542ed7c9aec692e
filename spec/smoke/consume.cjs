const assert = require('node:assert/strict');
const { firstValueFrom } = require('rxjs');

/** What a consumer does, however it has loaded the package. The process has to end by itself afterwards. */
module.exports = async function consume({ Receiver, createClient }) {
  const url = process.env.REDIS_URL;
  const publisher = await createClient({ url }).connect();

  const pulled = await Receiver.open(url);
  pulled.channel('smoke');
  await pulled.connect();
  await publisher.publish('smoke', 'one');
  await publisher.publish('smoke', 'two');
  for await (const { channel, data } of pulled) {
    assert.deepEqual([channel, data], ['smoke', 'one']);
    break;
  }
  assert.equal((await pulled.get()).data, 'two');
  await pulled.stop();

  const observed = await Receiver.open(url);
  const channel = observed.channel('smoke');
  const first = firstValueFrom(observed);
  await channel.whenSubscribed();
  await publisher.publish('smoke', 'three');
  const message = await first;
  assert.equal(message.data, 'three');
  assert.equal(message.source, channel);
  await observed.stop();

  await publisher.close();
};
