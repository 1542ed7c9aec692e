import { createClient } from 'redis';

export type Client = Awaited<ReturnType<typeof openClient>>;

export function openClient(url: string) {
  return createClient({ url }).connect();
}
