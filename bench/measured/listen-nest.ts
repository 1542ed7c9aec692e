import type { WayToListen } from './way-to-listen.js';
import { WAYS_TO_SERVE } from './ways-to-serve.js';

/** Nest's own transport, which treats a name as a pattern only with the option `wildcards`. */
export const nestTransport: WayToListen = async (at, names, onMessage) => {
  const serve = WAYS_TO_SERVE[at.byPattern ? 'ownPattern' : 'own']!;
  await serve(at.url, at.prefix, names, onMessage);
};
