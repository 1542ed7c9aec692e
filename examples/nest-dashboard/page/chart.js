import { placeLabels } from './band-labels.js';
import { SPAN } from './history.js';

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = { top: 22, right: 14, bottom: 24, left: 40 };
/** Seconds before now that have a line and a label. */
const SECONDS = [60, 45, 30, 15, 0];

/** Lines, areas and bands over the last minute. Its colours and fonts are the style sheet's. */
export class Chart {
  #svg;
  #width = 0;
  #height = 0;

  constructor(svg, onResize) {
    this.#svg = svg;
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#height = contentRect.height;
      onResize();
    }).observe(svg);
  }

  /**
   * @param {number} now the time at the right edge
   * @param {{ id, className, area?, style?, points: [time: number, value: number][] }[]} series
   * @param {{ kind, from, until?, label }[]} bands
   * @param {{ top: number, limit?: { value: number, label: string } }} scale what the highest line means, at the least
   */
  draw(now, series, bands, { top, limit }) {
    if (this.#width === 0) return;
    const inner = {
      left: MARGIN.left,
      right: this.#width - MARGIN.right,
      top: MARGIN.top,
      bottom: this.#height - MARGIN.bottom,
    };
    const highest = Math.max(top, ...series.flatMap(({ points }) => points.map(([, value]) => value)));
    const step = niceStep(highest);
    const most = limit ? highest : Math.ceil(highest / step) * step;
    const x = (time) => inner.right - ((now - time) / SPAN) * (inner.right - inner.left);
    const y = (value) => inner.bottom - (value / most) * (inner.bottom - inner.top);
    const within = (time) => Math.max(inner.left, Math.min(inner.right, x(time)));

    const parts = [];
    const shown = bands
      .filter(({ until = now }) => until >= now - SPAN)
      .map((band) => ({ ...band, left: within(band.from), right: within(band.until ?? now) }));
    for (const { kind, left, right } of shown) {
      const size = { width: Math.max(2, right - left), height: inner.bottom - inner.top };
      parts.push(node('rect', { class: `band ${kind}`, x: left, y: inner.top, ...size }));
    }
    for (const { kind, x, label } of placeLabels(shown, inner))
      parts.push(node('text', { class: `band-label ${kind}`, x, y: 14 }, label));
    for (let value = 0; value <= most; value += step) {
      const at = y(value);
      parts.push(node('line', { class: 'grid', x1: inner.left, x2: inner.right, y1: at, y2: at }));
      const text = value.toLocaleString('en');
      parts.push(node('text', { class: 'axis', x: inner.left - 8, y: at + 4, 'text-anchor': 'end' }, text));
    }
    for (const seconds of SECONDS) {
      const at = x(now - seconds * 1_000);
      const anchor = seconds === 0 ? 'end' : seconds === 60 ? 'start' : 'middle';
      const text = seconds === 0 ? 'now' : `−${seconds} s`;
      parts.push(node('text', { class: 'axis', x: at, y: this.#height - 6, 'text-anchor': anchor }, text));
    }
    if (limit) {
      const at = y(limit.value);
      parts.push(node('line', { class: 'limit', x1: inner.left, x2: inner.right, y1: at, y2: at }));
      const place = { x: inner.left + 6, y: at + 15 };
      parts.push(node('text', { class: 'limit-label', ...place }, limit.label));
    }
    for (const { id, className, area, points } of series) {
      const visible = points.filter(([time]) => time >= now - SPAN);
      if (visible.length < 2) continue;
      const line = visible.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join('L');
      if (area) {
        const start = x(visible[0][0]).toFixed(1);
        const end = x(visible.at(-1)[0]).toFixed(1);
        const outline = `M${start},${inner.bottom}L${line}L${end},${inner.bottom}Z`;
        parts.push(node('path', { class: `area ${className}`, d: outline }));
      }
      parts.push(node('path', { class: `line ${className}`, d: `M${line}`, 'data-series': id }));
    }
    this.#svg.setAttribute('viewBox', `0 0 ${this.#width} ${this.#height}`);
    this.#svg.replaceChildren(...parts);
  }
}

function node(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** 1, 2 or 5 times a power of ten, so that there are three or four lines. */
function niceStep(most) {
  const rough = most / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}
