import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { findRedisServer } from '../support/find-redis-server.js';
import { RedisServer } from '../support/redis-server.js';
import { ROOT } from '../support/root.js';
import { until } from '../support/until.js';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function connect(server: RedisServer) {
  const client = createClient({ url: server.url, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  return client.connect();
}

async function ask<T>(
  server: RedisServer,
  question: (client: Awaited<ReturnType<typeof connect>>) => Promise<T>,
) {
  const client = await connect(server);
  try {
    return await question(client);
  } finally {
    client.destroy();
  }
}

const ping = (server: RedisServer) => ask(server, (client) => client.ping());

describe('RedisServer', () => {
  it('replies once it has started, and applies its arguments', async () => {
    await using server = await RedisServer.start({ args: ['--maxclients', '77'] });
    await expect(ping(server)).resolves.toBe('PONG');
    await expect(ask(server, (client) => client.configGet('maxclients'))).resolves.toEqual({
      maxclients: '77',
    });
  });

  it('leaves no process and no directory behind', async () => {
    const server = await RedisServer.start();
    const { dir } = await ask(server, (client) => client.configGet('dir'));
    expect(existsSync(String(dir))).toBe(true);
    expect(isAlive(server.pid)).toBe(true);

    await Promise.all([server.stop(), server.stop()]);
    await server.stop();

    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(String(dir))).toBe(false);
  });

  it('restarts on its port, empty', async () => {
    await using server = await RedisServer.start();
    const { port, pid } = server;
    await ask(server, (client) => client.set('key', 'value'));

    await server.restart();

    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    await expect(ask(server, (client) => client.get('key'))).resolves.toBeNull();
  });

  it('restarts after it was killed', async () => {
    await using server = await RedisServer.start();
    await server.kill();
    expect(server.isRunning).toBe(false);
    await expect(ping(server)).rejects.toThrow('ECONNREFUSED');

    await server.restart();
    await expect(ping(server)).resolves.toBe('PONG');
  });

  it('does not reply while it is frozen', async () => {
    await using server = await RedisServer.start();
    const client = await connect(server);
    let answered = false;
    server.freeze();
    const pong = client.ping().then(() => (answered = true));
    await expect(until(() => answered, { timeout: 100 })).rejects.toThrow();

    server.thaw();
    await pong;
    client.destroy();
  });

  it('stops even when it is frozen', async () => {
    const server = await RedisServer.start();
    server.freeze();
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('rejects with the output of a server that does not start', async () => {
    await expect(RedisServer.start({ args: ['--no-such-option', 'x'] })).rejects.toThrow('no-such-option');
  });

  it('rejects when its port stays in use', async () => {
    await using server = await RedisServer.start();
    await expect(RedisServer.start({ port: server.port })).rejects.toThrow(/already in use/i);
  });

  it('ends when its parent is killed', async () => {
    const module = JSON.stringify(join(ROOT, 'spec/support/redis-server.ts'));
    const script = `
      const { RedisServer } = await import(${module});
      const server = await RedisServer.start();
      console.log(server.pid);
      setInterval(() => {}, 1_000);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);

    parent.kill('SIGKILL');
    await until(() => !isAlive(pid), { message: 'the server ends after its parent' });
  });
});

describe('findRedisServer', () => {
  it('prefers the path in REDIS_SERVER_BIN', async () => {
    const before = process.env.REDIS_SERVER_BIN;
    process.env.REDIS_SERVER_BIN = '/opt/redis-server';
    try {
      await expect(findRedisServer()).resolves.toBe('/opt/redis-server');
    } finally {
      process.env.REDIS_SERVER_BIN = before;
    }
  });
});

describe('until', () => {
  it('resolves with the first truthy result', async () => {
    let calls = 0;
    await expect(until(() => (calls += 1) > 2 && `${String(calls)} calls`)).resolves.toBe('3 calls');
  });

  it('accepts an asynchronous condition', async () => {
    await expect(until(() => Promise.resolve(7))).resolves.toBe(7);
  });

  it('rejects with the message', async () => {
    const never = until(() => false, { timeout: 20, message: 'the impossible' });
    await expect(never).rejects.toThrow('timed out after 20 ms waiting for: the impossible');
  });
});
