const SLOTS = 16_384;
/** The polynomial of CRC-16/XMODEM, which Redis Cluster uses; below are the remainders of all bytes. */
const POLYNOMIAL = 0x1021;
const REMAINDERS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 8;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder & 0x8000 ? POLYNOMIAL : 0);
  return remainder;
});

/** Returns the hash slot of a name in Redis Cluster; if the name has a `{hash tag}`, only the tag counts. */
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
