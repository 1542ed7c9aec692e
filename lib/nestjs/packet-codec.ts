import type { Codec } from '../index.js';

/** Codec of Nest's own Redis transport: JSON; a payload that is not JSON is decoded as text. */
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
