import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const inLib = (path: string) => fileURLToPath(new URL(`../../../lib/${path}`, import.meta.url));

// A project of yours finds the package in node_modules, and needs none of this.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: {
    alias: [
      { find: /^rx-redis-receiver$/, replacement: inLib('index.ts') },
      { find: /^rx-redis-receiver\/testing$/, replacement: inLib('testing/index.ts') },
    ],
  },
});
