import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { demoRedis } from '../support/demo-redis.js';
import { startDashboard } from './start-dashboard.js';

/** Serves the dashboard with a page, where HOST and PORT say, until Ctrl-C. */
export async function serve(page: URL): Promise<void> {
  const { HOST: host = '127.0.0.1', PORT: port = '3000' } = process.env;
  const ending = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);

  await using redis = await demoRedis((text) => console.log(text));
  const options = { redisUrl: redis.url, page: fileURLToPath(page), host, port: Number(port) };
  try {
    await using dashboard = await startDashboard(options);
    console.log(`${redis.description}\n\n  ${dashboard.url}\n\nCtrl-C ends it.`);
    await ending;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    console.error(`Port ${port} is taken. Set PORT to another one, or to 0 for any that is free.`);
    process.exitCode = 1;
  }
}
