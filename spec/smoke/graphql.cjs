const { createRedisEventTarget, RedisPubSub } = require('rx-redis-receiver/graphql');
const yoga = require('rx-redis-receiver/graphql/yoga');
const { MemoryPubSub } = require('rx-redis-receiver/testing');
const useGraphql = require('./use-graphql.cjs');

void useGraphql({ RedisPubSub, createRedisEventTarget, yoga, MemoryPubSub });
