import { cut, spreadLabels } from './labels.js';
import { svgNode } from './line-style.js';

/** Pixels of a dash, and of the space behind it. */
const DASH = 7;
/** Milliseconds between two markers of a line. */
const MARKER_EVERY = 10_000;
/** Values: a label is at the mean height of the last ones of its line, so that it moves calmly. */
const RECENT = 10;

/** A line with its markers and its area. Dashes and markers keep their times, and so move with the line. */
export function linesIn(plane, { id, style, area, values }) {
  if (values.length < 2) return [];
  const { className, isDashed, marker } = style;
  const at = ([time, value]) => `${plane.x(time).toFixed(1)},${plane.y(value).toFixed(1)}`;
  const dash = plane.timeIn(DASH);
  const isSpace = ([time]) => isDashed && Math.floor(time / dash) % 2 === 1;
  const line = values
    .map((value, index) => `${index === 0 || isSpace(value) ? 'M' : 'L'}${at(value)}`)
    .join('');
  const parts = [svgNode('path', { class: `line ${className}`, d: line, 'data-series': id })];
  if (area) {
    const [start, end] = [values[0], values.at(-1)].map(([time]) => plane.x(time).toFixed(1));
    const outline = `${line}L${end},${plane.bottom}L${start},${plane.bottom}Z`;
    parts.unshift(svgNode('path', { class: `area ${className}`, d: outline }));
  }
  if (marker) {
    // Each line has its own moments, so that the markers of equal lines are side by side.
    const turn = ([time]) => Math.floor((time + id * 2_700) / MARKER_EVERY);
    const marked = values.filter((value, index) => index > 0 && turn(value) !== turn(values[index - 1]));
    const d = marked.map((value) => `M${at(value)}${marker}`).join('');
    parts.push(svgNode('path', { class: `marker ${className}`, d }));
  }
  return parts;
}

/** The names of the lines that reach the right edge, and of other heights. */
export function labelsOf(plane, lines, marks) {
  const labels = marks.map(({ name, value }) => ({ name, y: plane.y(value), style: { className: 'mark' } }));
  for (const { name, style, values } of lines) {
    if (values.at(-1)?.[0] !== plane.now) continue;
    const recent = values.slice(-RECENT).map(([, value]) => value);
    labels.push({ name, style, y: plane.y(recent.reduce((sum, value) => sum + value) / recent.length) });
  }
  return spreadLabels(labels, plane).flatMap(({ name, y, style: { className, marker } }) => {
    const x = plane.right + (marker ? 24 : 8);
    const text = cut(name, plane.isNarrow ? 7 : 12);
    const label = svgNode('text', { class: `line-label ${className}`, x, y: y + 4 }, text);
    label.append(svgNode('title', {}, name));
    if (!marker) return [label];
    return [
      svgNode('path', { class: `marker ${className}`, d: `M${plane.right + 13},${y}${marker}` }),
      label,
    ];
  });
}
