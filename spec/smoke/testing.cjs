const { Receiver, json } = require('rx-redis-receiver');
const { marbles, MemoryPubSub } = require('rx-redis-receiver/testing');
const useTheKit = require('./use-the-kit.cjs');

void useTheKit({ Receiver, json, marbles, MemoryPubSub });
