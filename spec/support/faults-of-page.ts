import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const LEAST_CONTRAST = 4.5;

/** Returns the faults that axe finds, and the texts in charts with too little contrast, in both colour schemes. */
export async function faultsOfPage(page: Page): Promise<string[]> {
  const faults: string[] = [];
  await page.evaluate(axe.source);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await page.evaluate<AxeResults>(`axe.run({ resultTypes: ['violations'] })`);
    for (const { id, nodes } of violations)
      faults.push(...nodes.map(({ target }) => `${colorScheme}: ${id}: ${target.join(' ')}`));
    const weak = await page.evaluate<string[]>(WEAK_CHART_TEXTS);
    faults.push(...weak.map((text) => `${colorScheme}: contrast in a chart: ${text}`));
  }
  return faults;
}

/** axe does not look at the fill of SVG texts. */
const WEAK_CHART_TEXTS = `(() => {
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (...colours) => {
    const [dark, light] = colours.map(luminance).sort((one, other) => one - other);
    return (light + 0.05) / (dark + 0.05);
  };
  return [...document.querySelectorAll('svg text')]
    .filter((text) => {
      const { backgroundColor } = getComputedStyle(text.closest('figure'));
      return contrast(getComputedStyle(text).fill, backgroundColor) < ${LEAST_CONTRAST};
    })
    .map((text) => text.textContent);
})()`;
