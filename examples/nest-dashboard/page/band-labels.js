/** Pixels, at the most, of one character of a label, and between two labels. */
const CHARACTER = 7;
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
