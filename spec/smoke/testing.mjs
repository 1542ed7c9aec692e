import { Receiver, json } from 'rx-redis-receiver';
import { marbles, MemoryPubSub } from 'rx-redis-receiver/testing';
import useTheKit from './use-the-kit.cjs';

await useTheKit({ Receiver, json, marbles, MemoryPubSub });
