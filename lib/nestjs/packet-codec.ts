import type { Codec } from '../index.js';

/** What Nest's own Redis transport puts on the wire: JSON, and what is none is taken as a text. */
export const packets: Codec<unknown> = {
  encode: (value) => JSON.stringify(value),
  decode(data) {
    const text = data.toString();
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  },
};
