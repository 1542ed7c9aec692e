import { spanOf } from './history.js';

const MARGIN = { top: 22, bottom: 24, left: 40 };
/** Pixels, to the right of the lines, for their labels; the chart that is narrow has less. */
const LABELS = { wide: 112, narrow: 82 };
const NARROW = 480;

/** Where times and values are, in pixels. */
export class Plane {
  left = MARGIN.left;
  top = MARGIN.top;

  constructor({ width, height }, points) {
    this.width = width;
    this.height = height;
    this.isNarrow = width < NARROW;
    this.right = width - (this.isNarrow ? LABELS.narrow : LABELS.wide);
    this.bottom = height - MARGIN.bottom;
    this.now = points.at(-1)?.at ?? 0;
    this.span = spanOf(points);
    this.points = points.filter(({ at }) => at >= this.now - this.span);
  }

  /** The values of a series that has one, with their times. */
  valuesOf({ valueOf }) {
    return this.points.map((point) => [point.at, valueOf(point)]).filter(([, value]) => value !== undefined);
  }

  /** Makes room for this value: to the next line of the grid, where no limit is the top. */
  fit(highest, limit) {
    this.step = niceStep(highest);
    this.most = limit ? highest : Math.ceil(highest / this.step) * this.step;
  }

  x(time) {
    return this.right - ((this.now - time) / this.span) * (this.right - this.left);
  }

  y(value) {
    return this.bottom - (value / this.most) * (this.bottom - this.top);
  }

  timeAt(x) {
    return this.now - this.timeIn(this.right - x);
  }

  /** Milliseconds that are so many pixels wide. */
  timeIn(pixels) {
    return (pixels * this.span) / (this.right - this.left);
  }
}

/** 1, 2 or 5 times a power of ten, so that there are three or four lines. */
function niceStep(most) {
  const rough = most / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}
