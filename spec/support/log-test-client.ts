import type { LogClient, Reply, ScriptClient } from '../../lib/log/log-client.js';

/** The commands that change a log. */
interface LogEditor {
  xAdd(key: string, id: string, message: Record<string, string>): Reply<string>;
  xTrim(key: string, strategy: 'MAXLEN', threshold: number): Reply<number>;
  xDel(key: string, ids: string | string[]): Reply<number>;
  del(keys: string | string[]): Reply<number>;
  set(key: string, value: string): Reply<unknown>;
}

/** A client for logs, with the methods that only the tests need. */
export type LogTestClient = LogClient & ScriptClient & LogEditor & { destroy(): unknown };
