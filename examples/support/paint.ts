const CODES = {
  bold: [1, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  orange: ['38;5;208', 39],
  grey: [90, 39],
} as const;

export type Colour = keyof typeof CODES;

/** Text between the escape codes that a terminal takes for this colour. */
export function paint(colour: Colour, text: string): string {
  const [on, off] = CODES[colour];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
