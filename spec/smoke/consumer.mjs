import { createClient } from 'redis';
import { Receiver } from 'rx-redis-receiver';
import consume from './consume.cjs';

await consume({ Receiver, createClient });
