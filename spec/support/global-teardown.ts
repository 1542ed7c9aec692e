import { rm } from 'node:fs/promises';

export default async function globalTeardown(): Promise<void> {
  if (process.env.BUNDLES) await rm(process.env.BUNDLES, { recursive: true, force: true });
}
