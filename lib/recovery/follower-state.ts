/**
 * The state of a follower. `'starting'`: it looks for its first position; `'ready'`: it has one, and the Channel may subscribe;
 * `'live'`: it hands on what arrives; `'reading'`: what arrives waits for what is read from the log; `'full'`: it waits for room.
 */
export type FollowerState = 'idle' | 'starting' | 'ready' | 'live' | 'reading' | 'full';
