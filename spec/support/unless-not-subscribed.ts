/** Ignores the error NOSUB, with which Valkey 8.0 alone replies to an UNSUBSCRIBE on a connection that has no subscription. */
export const unlessNotSubscribed = (unsubscribed: Promise<unknown>): Promise<unknown> =>
  unsubscribed.catch((error: Error) => {
    if (!error.message.startsWith('NOSUB ')) throw error;
  });
