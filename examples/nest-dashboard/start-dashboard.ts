import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DashboardModule } from './dashboard-module.js';
import { refuseOtherSites } from './refuse-other-sites.js';

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
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw error;
  }
  return { url: await app.getUrl(), [Symbol.asyncDispose]: () => app.close() };
}
