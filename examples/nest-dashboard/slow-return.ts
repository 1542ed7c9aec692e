import { setTimeout as delay } from 'node:timers/promises';

/**
 * The user and password of a URL, for which each connection but the first has to wait. By itself a connection that was
 * killed is back within milliseconds; this stands for what takes longer in earnest, such as a fail-over.
 */
export function slowReturn(url: string, milliseconds: number) {
  const { username, password } = new URL(url);
  let isFirst = true;
  return {
    type: 'async-credentials-provider' as const,
    credentials: async () => {
      if (!isFirst) await delay(milliseconds, undefined, { ref: false });
      isFirst = false;
      return {
        ...(username && { username: decodeURIComponent(username) }),
        ...(password && { password: decodeURIComponent(password) }),
      };
    },
  };
}
