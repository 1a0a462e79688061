import { type Html, html } from '../../formats/html/html.js';
import type {
  DataProblem,
  FinetuneManifest,
  ProbeManifest,
  RunManifest,
  StageRecord,
} from '../../run/index.js';
import { flatSettings } from '../settings-differences.js';
import { percent } from '../share-text.js';
import type { RunEvaluation } from './run-evaluation.js';

/** Retrieval of each model in both directions, beside chance. */
export function scoreTable({ rows, list, protocol }: RunEvaluation): Html {
  const cells = (name: string, direction: string, values: readonly string[]): Html =>
    html`<tr><th scope="row">${name}</th><td>${direction}</td>${values.map(
      (value) => html`<td class="number">${value}</td>`,
    )}</tr>`;
  const body = rows.flatMap(({ model, textToVideo, videoToText }) =>
    (
      [
        ['text to video', textToVideo],
        ['video to text', videoToText],
      ] as const
    ).map(([direction, s]) =>
      cells(model, direction, [
        percent(s.recallAt1),
        percent(s.recallAt5),
        percent(s.recallAt10),
        s.medianRank.toFixed(1),
      ]),
    ),
  );
  const first = rows[0]?.textToVideo;
  if (first !== undefined) {
    body.push(
      cells('chance', 'either', [
        percent(first.chanceAt1),
        percent(first.chanceAt5),
        percent(first.chanceAt10),
        ((first.gallery + 1) / 2).toFixed(1),
      ]),
    );
  }
  return html`<div class="scroll"><table><caption>Retrieval in a gallery of ${first?.gallery ?? 0} clips of ${list}${protocol === undefined ? '' : `: ${protocol}`}</caption>
<thead><tr><th>model</th><th>direction</th><th class="number">R@1</th><th class="number">R@5</th><th class="number">R@10</th><th class="number">median rank</th></tr></thead>
<tbody>${body}</tbody></table></div>`;
}

/** What each stage of a run was: from which step to which, on how many clips of which lists, how masked. */
export function stageTable(stages: readonly StageRecord[]): Html {
  let done = 0;
  const rows = stages.map(({ name, steps, data, tokens: { visible, masked } }) => {
    const first = done + 1;
    done += steps;
    const clips = [data, ...(data.others ?? [])].map((list) => list.clips).join(' + ');
    return html`<tr><th scope="row">${name}</th><td class="number">${first} to ${done}</td><td class="number">${clips}</td><td class="number">${visible} of ${visible + masked}</td></tr>`;
  });
  return html`<div class="scroll"><table><caption>${stages.length} stages of ${done} steps</caption>
<thead><tr><th>stage</th><th class="number">steps</th><th class="number">clips of its lists</th><th class="number">tokens visible</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** The clips that could not be used, or that lack frames, with why. */
export function problemTable(problems: readonly DataProblem[]): Html {
  if (problems.length === 0)
    return html`<p class="soft">Every clip that was read could be used.</p>`;
  const rows = problems.map(({ id, reason }) => html`<tr><td>${id}</td><td>${reason}</td></tr>`);
  const used = problems.filter((problem) => problem.used === true).length;
  const incomplete = used === 0 ? '' : `; ${used} lack frames, and were used`;
  return html`<div class="scroll"><table><caption>${problems.length - used} clips, or captions of them, could not be used${incomplete}</caption>
<thead><tr><th>clip</th><th>why</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Every choice of the run, one a row, and the raw manifest folded away. */
export function manifestTable(manifest: RunManifest | ProbeManifest | FinetuneManifest): Html {
  const rows = flatSettings(manifest.settings).map(
    ([key, value]) => html`<tr><th scope="row">${key}</th><td>${value}</td></tr>`,
  );
  return html`<div class="scroll"><table><caption>Settings</caption><tbody>${rows}</tbody></table></div>
<details><summary>manifest.json</summary><pre>${JSON.stringify(manifest, null, 2)}</pre></details>`;
}
