import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { DashboardModule } from './dashboard-module.js';
import { refuseOtherSites } from './refuse-other-sites.js';

/** The folder with the code that the pages link to. */
const EXAMPLES = fileURLToPath(new URL('../', import.meta.url));

export interface DashboardOptions {
  readonly redisUrl: string;
  /** A folder that is served at `/`. */
  readonly page: string;
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
}

export interface Dashboard extends AsyncDisposable {
  readonly url: string;
}

/** Resolves when it serves. */
export async function startDashboard({ redisUrl, page, host, port }: DashboardOptions): Promise<Dashboard> {
  const app = await NestFactory.create<NestExpressApplication>(DashboardModule.forRedis(redisUrl), {
    logger: ['error', 'warn'],
    abortOnError: false,
    forceCloseConnections: true, // a browser keeps its own for ever
  });
  try {
    app.use(refuseOtherSites);
    app.useStaticAssets(page);
    app.useStaticAssets(EXAMPLES, {
      prefix: '/code/',
      setHeaders: (response: ServerResponse) =>
        response.setHeader('content-type', 'text/plain; charset=utf-8'),
    });
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw error;
  }
  return { url: await app.getUrl(), [Symbol.asyncDispose]: () => app.close() };
}
