import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';
import { TRAIN_STYLE } from './style.js';

/** Trains the demo's model on the visitor's GPU: `site/train/main.ts` writes into these elements. */
export const TRAIN_PAGE: SitePage = {
  address: 'train.html',
  title: 'Train',
  description:
    'Pretrains a model of videos and captions in this browser, and hands the run over to the command line.',
  entry: 'site/train/main.ts',
  workers: ['site/train/worker.ts'],
  style: TRAIN_STYLE,
  body: html`<h1>Train in this browser</h1>
<p class="soft">Masked reconstruction and alignment with captions, from nothing: the clips of the demo are drawn here, the model of <code>lacuna demo</code> is trained by this machine's GPU, in a thread of its own. Nothing is sent anywhere.</p>
<p class="verdict" id="verdict" role="status">The program is being loaded. A browser that is too old for it stays here.</p>
<p class="controls" id="controls">
<button type="button" id="start">Start</button>
<button type="button" id="pause" hidden>Pause</button>
<button type="button" id="go-on" hidden>Go on</button>
<button type="button" id="download" hidden>Download the run</button>
<label class="button quiet" for="file">Open a run</label><input class="unseen" type="file" id="file" accept=".tar">
</p>
<section id="progress" aria-label="progress" hidden><progress id="progress-bar" max="1" value="0" aria-label="steps done"></progress>
<p class="soft" id="progress-text"></p></section>
<section id="run" hidden>
<dl class="facts" id="facts"></dl>
<h2>Curves</h2><div id="curves"></div>
<section id="seen" hidden><h2>Held-out clips, masked and reconstructed</h2><p class="soft" id="seen-step"></p><div id="pictures"></div></section>
<section id="told" hidden><h2>Notes</h2><ul id="notes"></ul></section>
</section>
<h2>Go on with the command line, and come back</h2>
<p>What is downloaded is a run folder with its data, as the command line writes it. Of a run that was opened, the folders have the names that they came with, and data are in it if they came along:</p>
<pre>tar -xf demo-in-browser.tar
lacuna report demo-in-browser/run
lacuna pretrain --resume demo-in-browser/run
tar -cf demo-in-browser.tar demo-in-browser</pre>
<p class="soft">The last line makes a file that <b>Open a run</b> takes, here or in another browser. A run of <code>lacuna demo</code> goes on here, too: <code>tar -cf demo.tar runs/demo-...</code></p>
<h2>Another run</h2>
<form method="get" action="train.html">
<label>steps<input id="steps" name="steps" type="number" min="1" placeholder="248"></label>
<label>clips of a step<input id="batch" name="batch" type="number" min="2" placeholder="32"></label>
<label>clips to train on<input id="clips" name="clips" type="number" min="2" placeholder="2000"></label>
<label>held-out clips<input id="heldOut" name="heldOut" type="number" min="2" max="64" placeholder="64"></label>
<label>look every<input id="every" name="every" type="number" min="1" placeholder="25"></label>
<label>seed<input id="seed" name="seed" type="number" min="0" placeholder="0"></label>
<label>model<select id="model" name="model"><option>demo</option><option>small</option></select></label>
<button>Take these</button>
</form>
`,
};
