const CR = 13;
const LF = 10;
const ZERO = 48;
const NINE = 57;
const MINUS = 45;
const PLUS = 43;
/** The longest number that is exact, and longer than any that Redis sends. */
const MOST_DIGITS = 15;
/** The limit of an array's length; the client throws above it. */
const MOST_ITEMS = 2 ** 32;

/** The bytes that end a value, after the byte that has determined which. */
const CRLF = Buffer.from('\r\n');
const LINE_FEED = Buffer.from('\n');
const REST_OF_NULL = Buffer.from('1\r\n');
const REST_OF_INF = Buffer.from('nf\r\n');
const REST_OF_NAN = Buffer.from('an\r\n');

/** The part of a value that comes next. */
type Step =
  | 'type'
  | 'first digit'
  | 'digits'
  | 'end of number'
  | 'bytes'
  | 'line'
  | 'boolean'
  | 'double'
  | 'signed double'
  /** Bytes that are known. */
  | 'rest';

/** The number of values that each item of an aggregate takes, by the type of the aggregate. */
const VALUES_OF_ITEM: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2 };

/**
 * Finds where frames end: a top-level value of RESP with all that it contains. Frames may be cut anywhere; the framer keeps no
 * bytes. It is stricter than the client's decoder, which reads many malformed values as if they were well-formed: at such a
 * value, the framer is lost until its reset, because only the client knows where it would continue.
 */
export class Framer {
  #step: Step = 'type';
  /** The number of values that the frame still lacks; 0 between frames. */
  #lacking = 0;
  /** True until the type of the frame itself is read. */
  #isTop = true;
  #type = '';
  #digits = 0;
  /** The number that is being read, or the number of bytes that follow. */
  #number = 0;
  #rest: Buffer = CRLF;
  #restAt = 0;
  #isLost = false;

  get isBetweenFrames(): boolean {
    return this.#lacking === 0;
  }

  /** Returns whether the bytes were malformed, so that nobody but the client knows where a frame begins. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Expects the beginning of a frame. */
  reset(): void {
    this.#lacking = 0;
    this.#step = 'type';
    this.#isLost = false;
  }

  /** Returns the index behind the frame that begins or goes on at `start`; the length of the chunk if it does not end there. */
  read(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#lacking === 0) {
      this.#lacking = 1;
      this.#isTop = true;
    }
    while (this.#lacking > 0) {
      if (at >= chunk.length) return chunk.length;
      at = this.#advance(chunk, at);
      if (this.#isLost) return chunk.length;
    }
    return at;
  }

  /** Reads at least one byte; returns the index of the next one. */
  #advance(chunk: Buffer, at: number): number {
    switch (this.#step) {
      case 'bytes':
        return this.#skipBytes(chunk, at);
      case 'line':
        return this.#skipLine(chunk, at);
      default:
        this.#take(chunk[at] as number);
        return at + 1;
    }
  }

  #skipBytes(chunk: Buffer, at: number): number {
    const end = Math.min(at + this.#number, chunk.length);
    this.#number -= end - at;
    if (this.#number === 0) this.#expect(CRLF);
    return end;
  }

  #skipLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(CR, at);
    if (end === -1) return chunk.length;
    this.#expect(LINE_FEED);
    return end + 1;
  }

  #take(byte: number): void {
    switch (this.#step) {
      case 'type':
        return this.#begin(String.fromCharCode(byte));
      case 'first digit':
        if (byte === MINUS && (this.#type === '$' || this.#type === '*')) return this.#expect(REST_OF_NULL);
        this.#step = 'digits';
        return this.#takeDigit(byte);
      case 'digits':
        if (byte === CR) this.#step = 'end of number';
        else this.#takeDigit(byte);
        return;
      case 'end of number':
        if (byte === LF) this.#takeNumber();
        else this.#lose();
        return;
      case 'boolean':
        // 't' or 'f'
        if (byte === 116 || byte === 102) this.#expect(CRLF);
        else this.#lose();
        return;
      case 'double':
        return this.#beginDouble(byte);
      case 'signed double':
        // The client's version 5 takes any word that begins with 'i' for 'inf'.
        if (byte === 105) this.#expect(REST_OF_INF);
        else this.#beginLine(byte);
        return;
      default:
        return this.#takeRest(byte);
    }
  }

  #begin(type: string): void {
    const isTop = this.#isTop;
    this.#isTop = false;
    this.#type = type;
    switch (type) {
      case '+':
      case '-':
      case ':':
      case '(':
        this.#step = 'line';
        return;
      case '_':
        return this.#expect(CRLF);
      case '#':
        this.#step = 'boolean';
        return;
      case ',':
        this.#step = 'double';
        return;
      case '>':
        // A push stands by itself.
        return isTop ? this.#beginNumber() : this.#lose();
      case '$':
      case '=':
      case '!':
      case '*':
      case '~':
      case '%':
        return this.#beginNumber();
      default:
        this.#lose();
    }
  }

  /** Version 5 of the client reads 'inf' and 'nan' by their first letter and their length. */
  #beginDouble(byte: number): void {
    if (byte === 105) this.#expect(REST_OF_INF);
    else if (byte === 110) this.#expect(REST_OF_NAN);
    else if (byte === PLUS || byte === MINUS) this.#step = 'signed double';
    else this.#beginLine(byte);
  }

  #beginLine(first: number): void {
    if (first === CR) this.#expect(LINE_FEED);
    else this.#step = 'line';
  }

  #beginNumber(): void {
    this.#step = 'first digit';
    this.#digits = 0;
    this.#number = 0;
  }

  #takeDigit(byte: number): void {
    if (byte < ZERO || byte > NINE || ++this.#digits > MOST_DIGITS) return this.#lose();
    this.#number = this.#number * 10 + byte - ZERO;
  }

  #takeNumber(): void {
    const items = VALUES_OF_ITEM[this.#type];
    if (items !== undefined) {
      if (this.#number >= MOST_ITEMS) return this.#lose();
      this.#lacking += this.#number * items;
      return this.#end();
    }
    // A verbatim string begins with its format.
    if (this.#type === '=' && this.#number < 4) return this.#lose();
    if (this.#number === 0) this.#expect(CRLF);
    else this.#step = 'bytes';
  }

  #expect(rest: Buffer): void {
    this.#step = 'rest';
    this.#rest = rest;
    this.#restAt = 0;
  }

  #takeRest(byte: number): void {
    if (byte !== this.#rest[this.#restAt]) return this.#lose();
    if (++this.#restAt === this.#rest.length) this.#end();
  }

  #end(): void {
    this.#lacking--;
    this.#step = 'type';
  }

  #lose(): void {
    this.#isLost = true;
  }
}
