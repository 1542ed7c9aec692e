import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/spec/**/*.spec.ts', '<rootDir>/examples/testing/jest/*.test.ts'],
  // ts-jest loads sources as CommonJS, where an import that ends in .js must find the .ts file.
  moduleNameMapper: {
    '^rx-redis-receiver$': '<rootDir>/lib/index.ts',
    '^rx-redis-receiver/(testing|nestjs)$': '<rootDir>/lib/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.jest.json' }] },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  globalSetup: '<rootDir>/spec/support/global-setup.ts',
  testTimeout: 15_000,
};

export default config;
