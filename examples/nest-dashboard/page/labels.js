/** Pixels, at the most, of one character of a label, and between two labels. */
const CHARACTER = 7.5;
const GAP = 8;

/**
 * Where the labels of bands begin, each at its band or, where the next one or the edge leaves no room, to the left of that.
 *
 * @param {{ left: number, label: string }[]} bands in pixels
 * @param {{ left: number, right: number }} edges what has no room between them is left out
 * @returns {{ x: number }[]}
 */
export function placeLabels(bands, edges) {
  let end = edges.right;
  return bands
    .toSorted((one, other) => other.left - one.left)
    .map((band) => {
      const width = band.label.length * CHARACTER;
      const x = Math.min(band.left, end - width);
      end = x - GAP;
      return { ...band, x };
    })
    .filter(({ x }) => x >= edges.left);
}

/** Pixels from one label of a line to the next. */
const LINE_HEIGHT = 14;

/**
 * Where the labels of lines are, each at the height of its line or as close to that as the others permit.
 *
 * @param {{ y: number }[]} labels in pixels
 * @param {{ top: number, bottom: number }} edges what has no room between them is left out
 */
export function spreadLabels(labels, { top, bottom }) {
  const room = Math.floor((bottom - top) / LINE_HEIGHT) + 1;
  const spread = labels.slice(0, room).toSorted((one, other) => one.y - other.y);
  spread.forEach((label, index) => {
    label.y = Math.max(label.y, index === 0 ? top : spread[index - 1].y + LINE_HEIGHT);
  });
  let below = bottom + LINE_HEIGHT;
  for (const label of spread.toReversed()) below = label.y = Math.min(label.y, below - LINE_HEIGHT);
  return spread;
}

/** The beginning of a text that is longer. */
export function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
