import { createClient } from 'redis';

export type Client = Awaited<ReturnType<typeof openClient>>;

export function openClient(url: string, name?: string) {
  const client = createClient(name === undefined ? { url } : { url, name });
  // The client reconnects by itself.
  client.on('error', () => undefined);
  return client.connect();
}
