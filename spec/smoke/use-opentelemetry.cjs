const assert = require('node:assert/strict');

/** A user of OpenTelemetry exports metrics, and links the spans of messages. */
module.exports = function useOpentelemetry({ metrics, json, instrument, traced, traceLinks, Receiver }) {
  const { MemoryPubSub } = require('rx-redis-receiver/testing');
  const receiver = new Receiver(new MemoryPubSub());
  const remove = instrument(receiver, metrics.getMeter('shop'), { name: 'orders' });
  const codec = traced(json());
  const data = codec.decode(codec.encode({ id: 7 }), 'orders');
  assert.deepEqual(data, { id: 7 });
  assert.deepEqual(traceLinks({ data }), []);
  remove();
};
