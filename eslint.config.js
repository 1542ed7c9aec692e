import eslint from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Imports, other than of a type, run from the later to the earlier of these folders of lib.
const LAYERS = [
  'errors',
  'queue',
  'codec',
  'log',
  'reader',
  'hub',
  'cluster',
  'recovery',
  'streams',
  'groups',
  'topics',
  'channel',
  'open',
  'receiver',
  'keyspace',
];

const noRedis = {
  group: ['redis', '@redis/*'],
  allowTypeImports: true,
  message: 'Nothing of redis is loaded with the package: Receiver.open does that when it is called.',
};
const noAdapters = {
  group: ['**/testing/*', '**/nestjs/*', '**/graphql/*', '**/ioredis/*', '**/opentelemetry/*'],
  message: 'The adapters import the core, never the reverse.',
};
const noInsides = {
  group: ['../*/*'],
  allowTypeImports: true,
  message: 'The adapters import the public core.',
};
const noLayers = (layers, message) => ({
  group: layers.map((layer) => `**/${layer}/*`),
  allowTypeImports: true,
  message,
});

const restrict = (files, ...patterns) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});

const layerRules = LAYERS.map((layer, index) =>
  restrict(
    [`lib/${layer}/**`],
    noRedis,
    noAdapters,
    noLayers([...LAYERS.slice(index + 1), 'operators', 'sse'], 'Imports run one way along the layers.'),
  ),
);
const operatorRules = {
  ...restrict(
    ['lib/operators/**'],
    noRedis,
    noAdapters,
    noLayers(
      ['reader', 'hub', 'cluster', 'channel', 'open', 'receiver', 'keyspace', 'sse'],
      'Operators know nothing of Redis.',
    ),
  ),
  ignores: [
    'lib/operators/await-subscription.ts',
    'lib/operators/hydration.ts',
    'lib/operators/publish-to.ts',
  ],
};

export default defineConfig(
  globalIgnores(['**/dist/', 'coverage/', 'docs/api/', '.snippets-*/']),
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    rules: {
      eqeqeq: 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-self-import': 'error',
      '@typescript-eslint/class-literal-property-style': 'off',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-empty-function': 'off',
      // Its advice, `!`, is what no-non-null-assertion forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Blames every cast of an `unknown` to a class that the lines before have established.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  { files: ['lib/**'], rules: { 'no-console': 'error' } },
  restrict(['lib/**'], noRedis),
  {
    ...restrict(['lib/**'], noRedis, noAdapters),
    ignores: ['lib/testing/**', 'lib/nestjs/**', 'lib/graphql/**', 'lib/ioredis/**', 'lib/opentelemetry/**'],
  },
  restrict(['lib/nestjs/**', 'lib/graphql/**', 'lib/opentelemetry/**'], noRedis, noInsides),
  operatorRules,
  ...layerRules,
  {
    files: ['spec/**', 'bench/**', 'examples/**', 'scripts/**'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What `expect.any` and its like return is `any`.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['spec/behaviour/types.spec.ts', 'spec/keyspace/types.spec.ts', 'spec/topics/types.spec.ts'],
    rules: {
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unused-vars': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}', 'spec/smoke/**'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      parserOptions: { projectService: false },
      globals: { module: 'readonly', process: 'readonly', require: 'readonly' },
    },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  {
    files: ['examples/nest-dashboard/page/**'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'EventSource', 'fetch', 'ResizeObserver', 'setTimeout'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
);
