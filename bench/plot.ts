import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { titleOf, type Table } from './table.js';

const OURS = '#d9480f';
const OTHERS = '#868e96';

/**
 * Returns an SVG that is legible on light and dark: a bar for the median of each contestant, with a line from the least to
 * the most.
 */
export async function plot(table: Table): Promise<string> {
  const { unit, digits, references, rows } = table;
  const [reference] = references;
  const values = rows.map((row) => {
    const ratio = row.ratios[0]?.median.toFixed(2);
    const label =
      row.title === reference ? row.median.toFixed(digits) : `${row.median.toFixed(digits)}  ×${ratio}`;
    const isOurs = /Receiver|Channel|mergeMapBounded/.test(row.title);
    return { title: row.title, median: row.median, min: row.min, max: row.max, label, isOurs };
  });
  const y = { field: 'title', type: 'nominal' as const, sort: null, title: null, axis: { labelLimit: 300 } };
  const spec: TopLevelSpec = {
    title: {
      text: `${titleOf(table)}, ${unit}`,
      subtitle: `median, and least to most, of ${rows[0]?.rounds} rounds; × ${reference}`,
    },
    width: 560,
    height: { step: 24 },
    padding: 12,
    background: 'white',
    data: { values },
    encoding: { y },
    layer: [
      {
        mark: { type: 'bar', height: 15 },
        encoding: {
          x: { field: 'median', type: 'quantitative', title: unit },
          color: {
            field: 'isOurs',
            type: 'nominal',
            scale: { domain: [true, false], range: [OURS, OTHERS] },
            legend: null,
          },
        },
      },
      {
        mark: { type: 'rule', color: '#212529' },
        encoding: { x: { field: 'min', type: 'quantitative' }, x2: { field: 'max' } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 5 },
        encoding: { x: { field: 'max', type: 'quantitative' }, text: { field: 'label' } },
      },
    ],
    config: { view: { stroke: null }, font: 'system-ui, sans-serif' },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return `${await view.toSVG()}\n`;
}
