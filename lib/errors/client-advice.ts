/** Returns the advice to the user who has passed something else than a client of node-redis. */
export function adviceFor(client: unknown): string {
  return isIoredis(client)
    ? "Pass fromIoredis(client), of 'rx-redis-receiver/ioredis'."
    : 'Pass the return value of createClient, createCluster or createSentinel.';
}

/** Returns whether this is a client of ioredis or iovalkey, which has the same commands by other names. */
export function isIoredis(client: unknown): boolean {
  const candidate = client as Record<string, unknown> | null | undefined;
  const methods = ['psubscribe', 'punsubscribe', 'duplicate'];
  return (
    typeof candidate?.status === 'string' && methods.every((name) => typeof candidate[name] === 'function')
  );
}
