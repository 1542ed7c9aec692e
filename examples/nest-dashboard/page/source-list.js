import { lineStyle, swatch } from './line-style.js';

/** The channels that are listened to: the legend of the chart, each with its rate and a button that removes it. */
export class SourceList {
  #list;
  #remove;
  #rows = new Map();
  /** The id of the one that is pointed at. */
  #chosen;

  constructor(list, remove) {
    this.#list = list;
    this.#remove = remove;
  }

  /** The style of the source's line in the chart. */
  styleOf(id) {
    const style = lineStyle(id - 1);
    const isFaint = this.#rows.has(this.#chosen) && this.#chosen !== id;
    return isFaint ? { ...style, className: `${style.className} faint` } : style;
  }

  show(sources, rates) {
    const ids = new Set(sources.map(({ id }) => id));
    for (const [id, { row }] of this.#rows) {
      if (ids.has(id)) continue;
      this.#keepFocus(row);
      row.remove();
      this.#rows.delete(id);
    }
    for (const source of sources) {
      if (!this.#rows.has(source.id)) this.#append(source);
      const { rate, total } = this.#rows.get(source.id);
      rate.textContent = `${Math.round(rates.get(source.id) ?? 0)}/s`;
      total.textContent = `${source.kind}, ${source.received.toLocaleString('en')} in all`;
    }
  }

  #append(source) {
    const row = element('li');
    row.dataset.source = source.name;
    const name = element('span', 'name');
    const total = element('small');
    const code = element('code', '', source.name);
    code.title = source.name;
    name.append(code, total);
    const rate = element('span', 'rate');
    const button = element('button', 'remove', '×');
    button.type = 'button';
    button.setAttribute('aria-label', `Remove ${source.name}`);
    button.addEventListener('click', () => void this.#remove(source));
    for (const type of ['pointerenter', 'focusin'])
      row.addEventListener(type, () => (this.#chosen = source.id));
    for (const type of ['pointerleave', 'focusout'])
      row.addEventListener(type, () => (this.#chosen = undefined));
    row.append(swatch(lineStyle(source.id - 1)), name, rate, button);
    this.#list.append(row);
    this.#rows.set(source.id, { row, rate, total });
  }

  /** Moves the keyboard focus to the next row. */
  #keepFocus(row) {
    if (!row.contains(document.activeElement)) return;
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    (neighbour?.querySelector('button') ?? document.getElementById('name')).focus();
  }
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
