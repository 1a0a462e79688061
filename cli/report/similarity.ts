import { protocolText, type Retrieval } from '../../evaluation/index.js';
import { type Html, html, scriptJson, scriptOf } from '../../formats/html/html.js';

/** What the matrix shows of a retrieval. */
export type MatrixInput = Pick<Retrieval, 'similarity' | 'captions' | 'videos' | 'protocol'>;

/** The cosines of all captions with all clips as a heat map that can be read out, as HTML. */
export function similarityMatrix(
  { similarity, captions, videos, protocol }: MatrixInput,
  trainedOn: boolean,
): Html {
  const rounded = Array.from(similarity.rows(), (row) =>
    Array.from(row, (value) => Math.round(value * 1000) / 1000),
  ).flat();
  const gallery = trainedOn
    ? 'These clips were trained on: the matrix shows what was memorised, not what generalises.'
    : 'These clips were held out.';
  return html`<p class="soft">Rows are captions, columns clips, in the order of the list: a good model has a bright
diagonal. ${gallery} ${protocolText(protocol)}. Point at a cell, or focus the map and use the arrow keys.</p>
<canvas class="heat" id="heat" tabindex="0" width="${videos.length}" height="${captions.length}" role="img"
 aria-label="${`cosines of ${captions.length} captions with ${videos.length} clips`}"></canvas>
<p id="readout" class="soft" aria-live="polite"></p>
${scriptOf(`
{
  const { values, captions, videos } = ${scriptJson({ values: rounded, captions, videos })};
  const canvas = document.getElementById('heat'), context = canvas.getContext('2d');
  const low = Math.min(...values), high = Math.max(...values), columns = videos.length;
  const image = context.createImageData(columns, captions.length);
  values.forEach((value, i) => {
    const t = high > low ? (value - low) / (high - low) : 0.5;
    image.data.set([20 + 235 * t * t, 30 + 190 * t, 60 + 120 * Math.sqrt(t) * (1 - t) + 60 * (1 - t), 255], i * 4);
  });
  context.putImageData(image, 0, 0);
  canvas.style.aspectRatio = columns + ' / ' + captions.length;
  let row = 0, column = 0;
  const show = () => {
    const value = values[row * columns + column];
    const rank = 1 + values.slice(row * columns, (row + 1) * columns).filter((other) => other > value).length;
    document.getElementById('readout').textContent = '“' + captions[row] + '” with ' + videos[column] +
      (row === column ? ' (its own clip)' : '') + ': cosine ' + value.toFixed(3) + ', rank ' + rank + ' of ' + columns;
  };
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    column = Math.min(columns - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * columns)));
    row = Math.min(captions.length - 1, Math.max(0, Math.floor((event.clientY - box.top) / box.height * captions.length)));
    show();
  });
  canvas.addEventListener('keydown', (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!move) return;
    event.preventDefault();
    row = Math.min(captions.length - 1, Math.max(0, row + move[0]));
    column = Math.min(columns - 1, Math.max(0, column + move[1]));
    show();
  });
  show();
}
`)}`;
}
