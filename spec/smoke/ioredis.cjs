const { Redis } = require('ioredis');
const { Receiver } = require('rx-redis-receiver');
const { fromIoredis } = require('rx-redis-receiver/ioredis');
const useIoredis = require('./use-ioredis.cjs');

void useIoredis({ Redis, Receiver, fromIoredis });
