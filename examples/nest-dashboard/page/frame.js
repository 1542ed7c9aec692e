import { placeLabels } from './labels.js';
import { svgNode } from './line-style.js';

/** Lines and numbers of the values, and the times. */
export function axes(plane) {
  const parts = [];
  for (let value = 0; value <= plane.most; value += plane.step) {
    const y = plane.y(value);
    parts.push(svgNode('line', { class: 'grid', x1: plane.left, x2: plane.right, y1: y, y2: y }));
    const place = { x: plane.left - 8, y: y + 4, 'text-anchor': 'end' };
    parts.push(svgNode('text', { class: 'axis', ...place }, value.toLocaleString('en')));
  }
  for (const third of [3, 2, 1, 0]) {
    const time = (third * plane.span) / 3;
    const place = { x: plane.x(plane.now - time), y: plane.height - 6, 'text-anchor': 'middle' };
    const text = third === 0 ? 'now' : `−${time / 1_000} s`;
    parts.push(svgNode('text', { class: 'axis', ...place }, text));
  }
  return parts;
}

/** What was wrong, and when: a hatched stretch with a label above. */
export function bandsIn(plane, bands) {
  const within = (time) => Math.max(plane.left, plane.x(time));
  const shown = bands
    .filter(({ until = plane.now }) => until >= plane.now - plane.span)
    .map((band) => ({ ...band, left: within(band.from), right: within(band.until ?? plane.now) }));
  const areas = shown.map(({ kind, left, right }) => {
    const size = { width: Math.max(2, right - left), height: plane.bottom - plane.top };
    return svgNode('rect', { class: `band ${kind}`, x: left, y: plane.top, ...size });
  });
  const labels = placeLabels(shown, { left: plane.left, right: plane.width }).map(({ kind, x, label }) =>
    svgNode('text', { class: `band-label ${kind}`, x, y: 14 }, label),
  );
  return [...areas, ...labels];
}

export function limitIn(plane, { value }) {
  const y = plane.y(value);
  return svgNode('line', { class: 'limit', x1: plane.left, x2: plane.right, y1: y, y2: y });
}

/** A sentence in the place of lines. */
export function note({ left, right, top, bottom }, text) {
  const place = { x: (left + right) / 2, y: (top + bottom) / 2, 'text-anchor': 'middle' };
  return svgNode('text', { class: 'note', ...place }, text);
}
