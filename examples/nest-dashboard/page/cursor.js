import { svgNode, swatch } from './line-style.js';

const PIXELS = 12;
/** Milliseconds that an arrow key moves. */
const STEPS = { ArrowLeft: -1_000, ArrowRight: 1_000, Home: -Infinity, End: Infinity };

/** A moment in a chart, chosen with the pointer or the arrow keys, and a box with its values. It moves on with the lines. */
export class Cursor {
  #svg;
  #box = document.createElement('div');
  #onChange;
  #plane;
  /** The time of a snapshot. */
  #time;

  constructor(svg, onChange) {
    this.#svg = svg;
    this.#onChange = onChange;
    this.#box.className = 'values';
    this.#box.hidden = true;
    svg.after(this.#box);
    for (const type of ['pointerenter', 'pointermove', 'pointerdown'])
      svg.addEventListener(type, ({ clientX }) => this.#point(clientX));
    svg.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'mouse' && this.#move());
    svg.addEventListener('focus', () => svg.matches(':focus-visible') && this.#move(Infinity));
    svg.addEventListener('blur', () => this.#move());
    svg.addEventListener('keydown', (event) => this.#press(event));
  }

  /** Returns the line of the cursor, and shows the values there. */
  draw(plane, series, unit) {
    this.#plane = plane;
    const point = plane.points.find(({ at }) => at === this.#time);
    this.#box.hidden = !point;
    if (!point) return [];
    const values = series
      .map((one) => ({ ...one, value: one.valueOf(point) }))
      .filter(({ value }) => value !== undefined)
      .toSorted((one, other) => other.value - one.value);
    const when = `${Math.round((plane.now - point.at) / 1_000)} s ago`;
    this.#fill(when, values, unit);
    const x = plane.x(point.at);
    const isRight = x > (plane.left + plane.right) / 2;
    const left = isRight ? x - PIXELS - this.#box.offsetWidth : x + PIXELS;
    this.#box.style.left = `${Math.max(0, Math.min(left, plane.width - this.#box.offsetWidth))}px`;
    return [svgNode('line', { class: 'cursor', x1: x, x2: x, y1: plane.top, y2: plane.bottom })];
  }

  #point(clientX) {
    this.#move(this.#plane.timeAt(clientX - this.#svg.getBoundingClientRect().left));
  }

  #press(event) {
    if (event.key === 'Escape') return this.#move();
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#move((this.#time ?? this.#plane.now) + step);
  }

  /** Chooses the snapshot that is nearest to this time, if there is a time. */
  #move(time) {
    const distance = ({ at }) => Math.abs(Math.max(-1, Math.min(time, this.#plane.now)) - at);
    const nearest = (one, other) => (distance(other) < distance(one) ? other : one);
    const { points } = this.#plane;
    this.#time = time === undefined || points.length === 0 ? undefined : points.reduce(nearest).at;
    this.#onChange();
    this.#svg.ariaValueNow = this.#time ? Math.round((this.#time - this.#plane.now) / 1_000) : 0;
    this.#svg.ariaValueText = this.#box.hidden ? 'now' : this.#box.innerText;
  }

  #fill(when, values, unit) {
    const rows = values.map(({ name, style, value }) => {
      const row = document.createElement('li');
      const label = document.createElement('span');
      const figure = document.createElement('b');
      label.textContent = name;
      figure.textContent = `${Math.round(value).toLocaleString('en')}${unit}`;
      row.append(swatch(style), label, figure);
      return row;
    });
    const list = document.createElement('ul');
    list.append(...rows);
    this.#box.replaceChildren(when, list);
  }
}
