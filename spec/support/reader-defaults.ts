import { READER_DEFAULTS, type ReaderMode } from '../../lib/reader/reader-mode.js';

// READER=client runs the specs without the reader of pushes, READER=fast with it on borrowed clients, too.
const { READER } = process.env;
if (READER) READER_DEFAULTS.own = READER_DEFAULTS.borrowed = READER as ReaderMode;
