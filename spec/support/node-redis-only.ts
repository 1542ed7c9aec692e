import { libraryUnderTest } from './ioredis-client.js';

const isNodeRedis = libraryUnderTest() === undefined;

/** `describe` and `it` for tests of what only clients of node-redis have. */
export const describeNodeRedis = isNodeRedis ? describe : describe.skip;
export const itNodeRedis = isNodeRedis ? it : it.skip;
