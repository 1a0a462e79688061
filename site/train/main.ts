import '../frame/quiet-schemas.js';
import { LacunaError } from '../../spec/errors.js';
import { BROWSER, element } from '../frame/browser.js';
import { requireGpu } from '../frame/unavailable.js';
import { startWorker } from '../frame/worker.js';
import type { FromTrainer, ToTrainer } from './messages.js';
import { parseOptions, type RunOptions } from './run-options.js';
import { TrainView } from './train-view.js';

/** What this page alone uses of a browser. */
interface Control {
  addEventListener(kind: string, listener: (event: Event) => void): void;
}

interface Picked extends Control {
  value: string;
  readonly files: ArrayLike<{ readonly size: number; arrayBuffer(): Promise<ArrayBuffer> }>;
}

interface Page extends Control {
  readonly document: {
    createElement(name: 'a'): { href: string; download: string; click(): void };
  };
}

const PAGE = globalThis as unknown as Page;
/** A larger file is no run that a page could hold. */
const MAX_TAR_BYTES = 2 ** 30;
const NAME = 'demo-in-browser.tar';

async function main(): Promise<void> {
  const options = parseOptions(BROWSER.location.search);
  for (const [name, value] of Object.entries(options)) element(name).value = String(value);
  await requireGpu(BROWSER);
  const view = new TrainView();
  const worker = startWorker('site/train/worker.ts');
  /** The last step that was downloaded. */
  let kept = 0;
  const ask = (message: ToTrainer): void => worker.postMessage(message);
  worker.onmessage = ({ data }) => {
    const message = data as FromTrainer;
    if (message.kind !== 'tar') return view.tell(message);
    kept = message.step;
    save(message.tar);
  };
  worker.onerror = ({ message = 'it gave no reason' }) => {
    view.tell({
      kind: 'state',
      state: 'failed',
      problem: `The thread that trains has ended: ${message}. Load the page again.`,
    });
  };
  on('start', () => ask({ kind: 'begin', options }));
  on('pause', () => ask({ kind: 'pause' }));
  on('go-on', () => ask({ kind: 'go-on' }));
  on('download', () => ask({ kind: 'download' }));
  const file = element('file') as unknown as Picked;
  file.addEventListener('change', () => {
    void openFile(file, view, ask);
  });
  PAGE.addEventListener('beforeunload', (event) => {
    // A run that was not downloaded is gone with the page: browsers ask then.
    if (view.step > kept) event.preventDefault();
  });
  view.ready(greeting(options));
}

async function openFile(
  file: Picked,
  view: TrainView,
  ask: (message: ToTrainer) => void,
): Promise<void> {
  const picked = file.files[0];
  if (picked === undefined) return;
  if (['preparing', 'training', 'pausing'].includes(view.state)) {
    return view.ready('Pause the run before another one is opened.');
  }
  if (picked.size > MAX_TAR_BYTES) {
    const problem = `This file is larger than a run that a page can hold: ${picked.size} bytes.`;
    return view.tell({ kind: 'state', state: 'failed', problem });
  }
  view.forget();
  ask({ kind: 'open', tar: new Uint8Array(await picked.arrayBuffer()) });
  // The same file can be picked again.
  file.value = '';
}

function greeting({ steps, batch, clips, model }: RunOptions): string {
  return `Ready to train the ${model} model for ${steps} steps of ${batch} clips, of ${clips}.`;
}

function on(id: string, work: () => void): void {
  (element(id) as unknown as Control).addEventListener('click', work);
}

function save(tar: Uint8Array<ArrayBuffer>): void {
  const link = PAGE.document.createElement('a');
  const url = URL.createObjectURL(new Blob([tar], { type: 'application/x-tar' }));
  link.href = url;
  link.download = NAME;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

main().catch((error: unknown) => {
  const isOurs = error instanceof LacunaError;
  const { message } = error instanceof Error ? error : { message: String(error) };
  element('verdict').textContent = `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
  element('controls').hidden = true;
  element('page').setAttribute('data-state', isOurs ? 'unavailable' : 'broken');
});
