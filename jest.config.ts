/** @jest-config-loader-options {"project": "tsconfig.jest.json", "transpileOnly": true} */
import { availableParallelism } from 'node:os';
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{spec,examples}/**/*.spec.ts', '<rootDir>/examples/testing/jest/*.test.ts'],
  // The long tier has the failovers of recoverable Channels.
  testPathIgnorePatterns: process.env.PROPERTY_TIER === 'long' ? [] : ['spec/recovery/recovery-cluster'],
  // ts-jest loads sources as CommonJS, where an import that ends in .js must find the .ts file.
  moduleNameMapper: {
    '^rx-redis-receiver$': '<rootDir>/lib/index.ts',
    '^rx-redis-receiver/(testing|graphql|ioredis|nestjs|opentelemetry)$': '<rootDir>/lib/$1/index.ts',
    '^rx-redis-receiver/nestjs/(module|microservice)$': '<rootDir>/lib/nestjs/$1.ts',
    '^rx-redis-receiver/graphql/yoga$': '<rootDir>/lib/graphql/yoga.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Without it, node-redis creates a class for each of the many thousand clients.
    '/single-entry-cache$': '<rootDir>/spec/support/client-classes.ts',
  },
  transform: {
    // Angular's packages are ES modules alone.
    '\\.ts$|/node_modules/@angular/.+\\.mjs$': [
      'ts-jest',
      // What its example needs of the DOM, `npm run typecheck` knows.
      { tsconfig: 'tsconfig.jest.json', diagnostics: { exclude: ['**/examples/angular/**'] } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!@angular/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // Most specs wait for a server, and not for a core. Jest takes '200%' for 200 workers.
  maxWorkers: 2 * availableParallelism(),
  globalSetup: '<rootDir>/spec/support/global-setup.ts',
  globalTeardown: '<rootDir>/spec/support/global-teardown.ts',
  setupFiles: ['<rootDir>/spec/support/reader-defaults.ts'],
  testSequencer: '<rootDir>/spec/support/longest-first.cjs',
  testTimeout: 30_000,
};

export default config;
