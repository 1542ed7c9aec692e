const SVG = 'http://www.w3.org/2000/svg';
const COLOURS = 8;
/** Shapes around the origin, as relative path data. */
const MARKERS = [
  'm-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z',
  'm-3.5,-3.5h7v7h-7z',
  'm0,-4.5l4.5,8h-9z',
  'm0,-5l4.5,5l-4.5,5l-4.5,-5z',
  'm0,4.5l4.5,-8h-9z',
  'm-1.5,-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z',
];

/** The look of the line with this number: twelve markers, and sixteen pairs of a colour and a dash. */
export function lineStyle(index) {
  const isHollow = Math.floor(index / MARKERS.length) % 2 === 1;
  return {
    className: `colour-${index % COLOURS}${isHollow ? ' hollow' : ''}`,
    isDashed: Math.floor(index / COLOURS) % 2 === 1,
    marker: MARKERS[index % MARKERS.length],
  };
}

/** A piece of the line, for a legend. */
export function swatch({ className, isDashed, marker }) {
  const line = { class: 'line', d: 'M0,6H28', ...(isDashed && { 'stroke-dasharray': '6 4' }) };
  const size = { width: 28, height: 12, viewBox: '0 0 28 12', 'aria-hidden': true };
  const made = svgNode('svg', { class: `swatch ${className}`, ...size });
  made.append(svgNode('path', line));
  if (marker) made.append(svgNode('path', { class: 'marker', d: `M14,6${marker}` }));
  return made;
}

export function svgNode(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
