import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { RedisServer } from '../spec/support/redis-server.js';
import { snippets } from '../spec/support/snippets.js';
import { nodeBinary } from './node-binary.js';
import { otherRuntimes } from './other-runtimes.js';
import { pack } from './pack.js';
import { temporaryFolder } from './temporary-folder.js';

// Usage: smoke.ts [VERSION_OF_NODE...]. Installs the packed package as a user would, and runs it on the current Node and on
// each of the given versions, with both major versions of redis and of Nest that it supports, and on Bun and Deno.

const TIME_LIMIT = 60_000;
/** Major versions of Nest: 11 is the last of CommonJS, 12 the first of ES modules. */
const NEST_VERSIONS = [11, 12];
/** Versions of TypeScript: the oldest that the types support, the one of this project, and the latest. */
const TYPESCRIPT_VERSIONS = ['5.9', '6.0', '7.0'];
const { devDependencies } = manifest('package.json');
// Nest's own Redis client needs it.
const ioredis = `ioredis@${manifest('bench/package.json').dependencies.ioredis}`;
const ioredisVersions = ['ioredis5', 'ioredis6'].map((name) => devDependencies[name]?.replace('npm:', ''));
const rxjs = `rxjs@${devDependencies.rxjs}`;
const nodeTypes = `@types/node@${devDependencies['@types/node']}`;
const redisVersions = [devDependencies.redis, devDependencies['redis-5']?.replace('npm:redis@', '')];

using folder = temporaryFolder();
await using redis = await RedisServer.start();
let failures = 0;

const tarball = pack(folder.path);
const project = join(folder.path, 'project');
cpSync('spec/smoke', project, { recursive: true });
// The same lines run as an ES module and as CommonJS: each has to find the types of its own format.
for (const ending of ['mts', 'cts']) {
  for (const name of ['consumer', 'ioredis', 'nest', 'nest-module', 'opentelemetry', 'testing']) {
    cpSync(`spec/smoke/${name}.ts`, join(project, `${name}.${ending}`));
  }
}
writeFileSync(join(project, 'types.mts'), typeSpec());
mkdirSync(join(project, 'guide'));
for (const { code, line } of snippets(readFileSync('docs/nestjs.md', 'utf8'))) {
  writeFileSync(join(project, `guide/line-${line}.mts`), code);
}
writeFileSync(join(project, 'package.json'), '{ "private": true }');
const nodes = new Map([[process.versions.node, process.execPath]]);
for (const version of process.argv.slice(2)) nodes.set(version, nodeBinary(version, folder.path));

install(tarball, rxjs);
onEveryNode('without redis', [
  'without-redis.mjs',
  'without-redis.cjs',
  'without-nest.cjs',
  'testing.mjs',
  'testing.cjs',
]);
install(`@opentelemetry/api@${devDependencies['@opentelemetry/api']}`);
onEveryNode('with OpenTelemetry', ['opentelemetry.mjs', 'opentelemetry.cjs']);
for (const client of ioredisVersions as string[]) {
  install(client, nodeTypes);
  onEveryNode(`${client} without redis`, ['ioredis.mjs', 'ioredis.cjs']);
}
uninstall('ioredis');
for (const version of redisVersions) {
  const peer = `redis@${version}`;
  install(peer, nodeTypes);
  onEveryNode(peer, ['consumer.mjs', 'consumer.cjs']);
  typesOf(peer, ['tsconfig.nodenext.json', 'tsconfig.bundler.json', 'tsconfig.node10.json']);
}
install(`redis@${redisVersions[0]}`);
for (const client of ioredisVersions as string[]) {
  install(client);
  typesOf(client, ['tsconfig.adapters.json']);
}
for (const { title, command, args } of otherRuntimes(folder.path))
  for (const script of ['consumer', 'testing', 'ioredis', 'opentelemetry'])
    for (const ending of ['mjs', 'cjs'])
      check(`${script}.${ending} on ${title}`, command, [...args, `${script}.${ending}`]);
uninstall('ioredis');
for (const major of NEST_VERSIONS) {
  const peer = `nest@${major}`;
  const nest = (...names: string[]) => names.map((name) => `@nestjs/${name}@${major}`);
  install(...nest('common', 'core'), `reflect-metadata@${devDependencies['reflect-metadata']}`);
  onEveryNode(`${peer} without microservices`, ['nest-module.mjs', 'nest-module.cjs']);
  typesOf(`${peer} without microservices`, ['tsconfig.nest-module.json']);
  const ofTheGuide = ['testing', 'terminus', 'platform-express'];
  install(...nest('microservices', ...ofTheGuide), ioredis);
  onEveryNode(peer, ['nest.mjs', 'nest.cjs']);
  typesOf(peer, ['tsconfig.nest.json', 'tsconfig.guide.json']);
  uninstall('@nestjs/microservices');
}
install(`zod@${devDependencies.zod}`);
for (const version of TYPESCRIPT_VERSIONS) {
  install(`typescript@${version}`);
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  check(`tsconfig.types.json on TypeScript ${version}`, process.execPath, [
    tsc,
    '--project',
    'tsconfig.types.json',
  ]);
}
process.exitCode = failures === 0 ? 0 : 1;

function manifest(path: string): Record<'dependencies' | 'devDependencies', Record<string, string>> {
  return JSON.parse(readFileSync(path, 'utf8')) as ReturnType<typeof manifest>;
}

/** Returns the specification of the types, for the installed package and without a test runner. */
function typeSpec(): string {
  const spec = readFileSync('spec/topics/types.spec.ts', 'utf8');
  return spec
    .replaceAll('../../lib/', 'rx-redis-receiver/')
    .replaceAll('/index.js', '')
    .replace(/^it\(.*/ms, '');
}

function install(...packages: string[]): void {
  // Peers stay out until they are installed by name.
  const options = ['--legacy-peer-deps', '--prefer-offline', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...options, ...packages], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function uninstall(name: string): void {
  execFileSync('npm', ['uninstall', '--legacy-peer-deps', '--no-audit', '--no-fund', name], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function onEveryNode(title: string, scripts: readonly string[]): void {
  for (const [version, node] of nodes) {
    for (const script of scripts) check(`${script} on Node ${version}, ${title}`, node, [script]);
  }
}

function typesOf(title: string, configs: readonly string[]): void {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  for (const config of configs) {
    check(`${config}, ${title}`, process.execPath, [tsc, '--project', config]);
  }
}

function check(name: string, command: string, args: readonly string[]): void {
  try {
    const env = { ...process.env, REDIS_URL: redis.url };
    execFileSync(command, args, { cwd: project, env, encoding: 'utf8', stdio: 'pipe', timeout: TIME_LIMIT });
    console.log(`ok    ${name}`);
  } catch (error) {
    failures += 1;
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
    console.log(`FAIL  ${name}\n${stdout ?? ''}${stderr ?? message}`);
  }
}
