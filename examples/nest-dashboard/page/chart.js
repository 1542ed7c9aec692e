import { Cursor } from './cursor.js';
import { axes, bandsIn, limitIn, note } from './frame.js';
import { labelsOf, linesIn } from './lines.js';
import { Plane } from './plane.js';

/** Lines, areas and bands over the last minute. Its colours and fonts are the style sheet's. */
export class Chart {
  #svg;
  #cursor;
  #size = { width: 0, height: 0 };

  constructor(svg, onChange) {
    this.#svg = svg;
    this.#cursor = new Cursor(svg, onChange);
    new ResizeObserver(([{ contentRect }]) => {
      this.#size = contentRect;
      onChange();
    }).observe(svg);
  }

  /**
   * @param {{ at: number }[]} points snapshots, the last of them at the right edge
   * @param {{ id, name, style, area?, valueOf(point): number | undefined }[]} series
   * @param {{ kind, from, until?, label }[]} bands
   * @param {{ top: number, limit?: { value: number, name: string }, unit: string, empty: string }} scale `top` is what the
   *   highest line means, at the least; `empty` is shown in place of lines
   */
  draw(points, series, bands, { top, limit, unit, empty }) {
    const { width, height } = this.#size;
    if (width === 0) return;
    const plane = new Plane(this.#size, points);
    const lines = series.map((one) => ({ ...one, values: plane.valuesOf(one) }));
    const values = lines.flatMap((line) => line.values.map(([, value]) => value));
    plane.fit(Math.max(top, ...values), limit);
    const marks = limit ? [limit] : [];
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(
      ...bandsIn(plane, bands),
      ...axes(plane),
      ...marks.map((mark) => limitIn(plane, mark)),
      ...lines.flatMap((line) => linesIn(plane, line)),
      ...labelsOf(plane, lines, marks),
      ...(values.length === 0 ? [note(plane, empty)] : []),
      ...this.#cursor.draw(plane, series, unit),
    );
  }
}
