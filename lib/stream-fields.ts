/** The fields of an entry of a stream. */
export type StreamFields = Readonly<Record<string, string>>;
