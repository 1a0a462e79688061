import type { AdapterReport, AdapterResult } from '../../core/measure/adapter-report.js';
import {
  bestProduct,
  copyRate,
  digits,
  productRate,
  stepRate,
} from '../../core/measure/adapter-table.js';
import { type Html, html } from '../../formats/html/html.js';

/** Everything that a report holds so far. */
export function reportTables({ results, tilings, clockMilliseconds }: AdapterReport): Html {
  return html`${results.map(resultTables)}${tilingTable(tilings)}
<p class="soft">The clock moves in steps of ${digits(clockMilliseconds)} ms. Products and copies were run in a row, up to 4,096 times, until they took 100 ms; training steps until they took a second together, three at least; ways to cut products up are compared over all that a layer multiplies, each product run in a row for 20 ms, the shorter of two tries.</p>`;
}

function resultTables(result: AdapterResult): Html {
  const { precision, factors, tiling, products, copies, steps } = result;
  const best = bestProduct(result)?.rate;
  const share = (rate: number): number => (best === undefined ? 0 : rate / best);
  return html`<h3>${precision}: products ${factors}, ${tiling}</h3>
${table(
  'products',
  ['rows x inner x columns', 'ms', 'GFLOP/s', 'of the best'],
  products.map((product) => ({
    cells: [product.shape.join(' x '), digits(product.milliseconds), digits(productRate(product))],
    share: share(productRate(product)),
  })),
)}${table(
  'copies',
  ['MiB', 'ms', 'GB/s', 'of the best'],
  copies.map((copy) => ({
    cells: [`${copy.megabytes}`, digits(copy.milliseconds), digits(copyRate(copy))],
    share: copyRate(copy) / Math.max(...copies.map(copyRate)),
  })),
)}${table(
  'training steps',
  ['size and clips', 'ms', 'GFLOP/s', 'of the best product'],
  steps.map((step) => ({
    cells: [`${step.size}, ${step.batch}`, digits(step.milliseconds), digits(stepRate(step))],
    share: share(stepRate(step)),
  })),
)}`;
}

function tilingTable(tilings: AdapterReport['tilings']): Html {
  const [best] = tilings;
  if (best === undefined) return html``;
  const lines = tilings.slice(0, 10).map(({ tiling, gflopsPerSecond }) => ({
    cells: [tiling, digits(gflopsPerSecond)],
    share: gflopsPerSecond / best.gflopsPerSecond,
  }));
  const name = `ways to cut products up, the fastest of ${tilings.length}`;
  return table(name, ['way', 'GFLOP/s', 'of the best'], lines);
}

interface Line {
  readonly cells: readonly string[];
  /** Of the best, 0 to 1. */
  readonly share: number;
}

function table(caption: string, heads: readonly string[], lines: readonly Line[]): Html {
  if (lines.length === 0) return html``;
  const rows = lines.map(({ cells: [first = '', ...rest], share }) => {
    const percent = `${(100 * share).toFixed(0)} %`;
    const numbers = rest.map((cell) => html`<td>${cell}</td>`);
    return html`<tr><th scope="row">${first}</th>${numbers}<td class="bar">${percent} <progress max="1" value="${share.toFixed(3)}" aria-hidden="true"></progress></td></tr>`;
  });
  return html`<div class="scroll"><table><caption>${caption}</caption><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
