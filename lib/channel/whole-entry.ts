import type { StreamFields } from '../stream-fields.js';
import { text, type Codec } from '../codec/codec.js';

/** The codec of a stream without the option `field`: the fields of an entry stay as they are. */
export const WHOLE_ENTRY: Codec<StreamFields> = { ...(text as Codec<unknown> as Codec<StreamFields>) };
