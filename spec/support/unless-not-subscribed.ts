/** Ignores the error NOSUB, with which Valkey 8.0 alone replies to an UNSUBSCRIBE on a connection that has no subscription. */
export const unlessNotSubscribed = (unsubscribed: Promise<unknown>): Promise<unknown> =>
  unsubscribed.catch((error: unknown) => {
    if (!String(error).includes('NOSUB ')) throw error;
  });
