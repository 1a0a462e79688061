import { html } from '../../formats/html/html.js';
import { MASK_KIND_NAMES, type MaskKindName } from '../../spec/masking/kinds.js';
import type { SitePage } from '../page.js';

const STYLE = `
.masks fieldset { border: 1px solid var(--line); border-radius: 6px; margin: 0 0 1rem; padding: .25rem 1rem .75rem; min-width: 0; } .masks label { min-width: 0; }
.masks legend { padding: 0 .4rem; color: var(--soft); font-size: .9rem; } .masks fieldset form { margin: .25rem 0; }
.masks .drop { border: 2px dashed var(--line); border-radius: 6px; padding: .75rem 1rem; } .masks .drop.over { border-color: var(--accent); }
.masks canvas { display: block; width: 100%; max-width: 60rem; image-rendering: pixelated; background: var(--card); border-radius: 3px; }
.masks .player { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .5rem 0; } .masks .player input { flex: 1 1 10rem; padding: 0; min-height: 1.5rem; }
.masks #sheet { max-width: 100%; image-rendering: pixelated; border-radius: 3px; } .masks input[type=file] { max-width: 100%; border: 0; padding-left: 0; }
.masks #id { width: 12rem; } .masks .files { display: flex; flex-wrap: wrap; gap: .5rem; } .masks #play { min-width: 5.5rem; }
`;

/** The kind that is shown first: it follows what moves. */
const FIRST: MaskKindName = 'motion-guided';

/** Draws masks over a clip of the visitor's: `site/masks/main.ts` writes into these elements. */
export const MASKS_PAGE: SitePage = {
  address: 'masks.html',
  title: 'Masks',
  description: 'Draws every kind of mask over a clip of yours, the same integers as in a run.',
  entry: 'site/masks/main.ts',
  style: STYLE,
  body: html`<h1>Masks over a clip</h1>
<p class="soft">The tokens that a model would not see, drawn over a demo clip or a video file of yours, which stays on this machine. For the same frames they are the same integers as in a run and in <code>lacuna mask show</code>.</p>
<p class="verdict" id="verdict" role="status">The page is being loaded. A browser that is too old for it stays here.</p>
<section id="shown" aria-label="The clip and its mask">
<figure><canvas id="film" width="200" height="64" role="img" aria-label="The clip and its mask"></canvas>
<figcaption id="caption"></figcaption></figure>
<div class="player"><button type="button" id="play">Play</button><input id="frame" type="range" min="0" max="0" step="1" value="0" aria-label="frame of the clip"><span id="frame-text" class="soft"></span></div>
</section>
<section aria-label="Choices">
<fieldset><legend>Clip</legend>
<div class="drop" id="drop"><label>a video file, chosen or dropped here<input id="file" type="file" accept="video/*"></label></div>
<form id="demo"><label>or a demo clip<select id="demo-version"><option value="2" selected>scenes before a camera that moves</option><option value="1">shapes before a camera that stands still</option></select></label>
<label>number<input id="demo-index" type="number" min="0" max="63" value="0"></label>
<button>Draw it</button></form>
<p class="soft" id="clip-text"></p>
</fieldset>
<fieldset><legend>Mask</legend>
<form id="mask"><label>kind<select id="kind">${MASK_KIND_NAMES.map((name) => (name === FIRST ? html`<option selected>${name}</option>` : html`<option>${name}</option>`))}</select></label>
<label>ratio<input id="ratio" inputmode="decimal" size="6" autocomplete="off"></label>
<label>seed<input id="seed" type="number" min="0" value="0"></label>
<label>epoch<input id="epoch" type="number" min="0" value="0"></label>
<label>sample<input id="id" autocomplete="off" autocapitalize="none" spellcheck="false"></label>
<label>motion of the camera<select id="camera"><option>keep</option><option>compensate</option></select></label></form>
<p class="soft" id="kind-text"></p>
</fieldset>
<fieldset><legend>Tokens</legend>
<form id="tokens"><label>frames<input id="frames" type="number" min="1" max="64"></label>
<label>stride<input id="stride" type="number" min="1" max="1024"></label>
<label>size in pixels<input id="size" type="number" min="8" max="448"></label>
<label>tubelet<input id="tubelet" type="number" min="1" max="64"></label>
<label>patch<input id="patch" type="number" min="4" max="448"></label></form>
</fieldset>
</section>
<section id="files" hidden><h2>Every slot</h2>
<figure><img id="sheet" alt=""><figcaption>The first frame of up to eight slots, from above: the clip, the mask (masked patches grey), what guides it (red is high).</figcaption></figure>
<p class="files"><a class="button" id="json">The mask as JSON</a> <a class="button" id="picture">The picture</a> <a class="button" id="pixels">The frames as they were cut</a></p>
<p class="soft">The same in Node, of frames that a decoder gives: <code id="command"></code></p>
</section>
`,
};
