const SLOTS = 16_384;
/** CRC-16/XMODEM, as Redis Cluster has it: the remainder that each byte leaves. */
const POLYNOMIAL = 0x1021;
const REMAINDERS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 8;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder & 0x8000 ? POLYNOMIAL : 0);
  return remainder;
});

/** The slot of Redis Cluster that a name belongs to; of a name with a `{hash tag}`, only that counts. */
export function keySlot(name: string): number {
  let checksum = 0;
  for (const byte of Buffer.from(hashed(name))) {
    checksum = ((checksum << 8) & 0xffff) ^ (REMAINDERS[(checksum >> 8) ^ byte] as number);
  }
  return checksum % SLOTS;
}

function hashed(name: string): string {
  const open = name.indexOf('{');
  const close = open < 0 ? -1 : name.indexOf('}', open + 1);
  return close > open + 1 ? name.slice(open + 1, close) : name;
}
