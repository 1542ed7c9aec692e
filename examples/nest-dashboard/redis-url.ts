/** Provides the URL of the Redis that the dashboard works with. */
export const REDIS_URL = Symbol('REDIS_URL');
