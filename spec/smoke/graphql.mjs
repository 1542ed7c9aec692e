import { createRedisEventTarget, RedisPubSub } from 'rx-redis-receiver/graphql';
import * as yoga from 'rx-redis-receiver/graphql/yoga';
import { MemoryPubSub } from 'rx-redis-receiver/testing';
import useGraphql from './use-graphql.cjs';

await useGraphql({ RedisPubSub, createRedisEventTarget, yoga, MemoryPubSub });
