import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { titleOf, type Table } from './table.js';

const OURS = '#d9480f';
const OTHERS = '#868e96';
/** Longest bar of a ratio; a longer one is cut. */
const MAX_RATIO = 2;
const RATIO_AXIS = {
  values: [0, 0.5, 1, 1.5, MAX_RATIO],
  gridColor: { condition: { test: 'datum.value === 1', value: '#212529' }, value: '#dee2e6' },
};
const COLOR = {
  field: 'isOurs',
  type: 'nominal' as const,
  scale: { domain: [true, false], range: [OURS, OTHERS] },
  legend: null,
};

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
    return {
      title: row.title,
      median: row.median,
      min: row.min,
      max: row.max,
      label,
      isOurs: isOurs(row.title),
    };
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
          color: COLOR,
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
  return toSvg(spec);
}

/** Returns an SVG with the ratios of one figure to the first reference under all measured conditions, side by side. */
export async function plotRatios(tables: readonly Table[]): Promise<string> {
  const [{ what, references }] = tables as [Table];
  const values = tables.flatMap((table) =>
    table.rows.map(({ title, ratios }) => {
      const { median, min, max } = ratios[0]!;
      return {
        where: conditionsOf(table),
        title,
        median,
        min,
        max,
        label: median.toFixed(2),
        isOurs: isOurs(title),
      };
    }),
  );
  const spec: TopLevelSpec = {
    title: {
      text: `${what}, compared with ${references[0]}`,
      subtitle: 'median, and least to most, of the ratios of all rounds',
    },
    padding: 12,
    background: 'white',
    data: { values },
    facet: { field: 'where', type: 'nominal', sort: tables.map(conditionsOf), title: null },
    columns: 2,
    spec: {
      width: 280,
      height: { step: 20 },
      encoding: {
        y: { field: 'title', type: 'nominal', sort: null, title: null, axis: { labelLimit: 300 } },
      },
      layer: [
        {
          mark: { type: 'bar', height: 13, clip: true },
          encoding: {
            x: {
              field: 'median',
              type: 'quantitative',
              title: null,
              scale: { domain: [0, MAX_RATIO] },
              axis: RATIO_AXIS,
            },
            color: COLOR,
          },
        },
        {
          mark: { type: 'rule', color: '#212529', clip: true },
          encoding: { x: { field: 'min', type: 'quantitative' }, x2: { field: 'max' } },
        },
        {
          mark: { type: 'text', align: 'left', dx: 4 },
          transform: [{ calculate: `min(datum.max, ${MAX_RATIO})`, as: 'end' }],
          encoding: { x: { field: 'end', type: 'quantitative' }, text: { field: 'label' } },
        },
      ],
    },
    config: { view: { stroke: null }, font: 'system-ui, sans-serif' },
  };
  return toSvg(spec);
}

function conditionsOf({ where, rows }: Table): string {
  return `${where}; ${rows[0]?.rounds} rounds`;
}

function isOurs(title: string): boolean {
  return /Receiver|Channel|mergeMapBounded/.test(title);
}

async function toSvg(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return `${await view.toSVG()}\n`;
}
