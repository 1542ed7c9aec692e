/**
 * The reader of messages from a connection: `'fast'` is that of this package, where it knows the client; `'client'` is the
 * client's own decoder.
 */
export type ReaderMode = 'fast' | 'client';

/** The modes where no option says otherwise, on connections of this package's own and on borrowed clients. */
export const READER_DEFAULTS: { own: ReaderMode; borrowed: ReaderMode } = { own: 'fast', borrowed: 'client' };
