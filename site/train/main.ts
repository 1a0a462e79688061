import '../frame/quiet-schemas.js';
import { BROWSER, element } from '../frame/browser.js';
import { control, OBJECT_URLS, type PageEvent } from '../frame/controls.js';
import { failureText, showFailure } from '../frame/failure.js';
import { requireGpu } from '../frame/unavailable.js';
import { startWorker } from '../frame/worker.js';
import { KeptSteps } from './kept-steps.js';
import { parseOptions, type RunOptions } from './run-options.js';
import { ANSWER_MILLISECONDS, TrainThread } from './train-thread.js';
import { TrainView } from './train-view.js';

/** What this page alone uses of a browser. */
interface Page {
  addEventListener(
    kind: 'beforeunload',
    listener: (event: PageEvent & { returnValue: unknown }) => void,
  ): void;
  readonly document: {
    createElement(name: 'a'): { href: string; download: string; click(): void };
  };
}

const PAGE = globalThis as unknown as Page;
/** A larger file is no run that a page could hold: unpacked, it is there twice. */
const MAX_TAR_BYTES = 2 ** 29;
const NAME = 'demo-in-browser.tar';

async function main(): Promise<void> {
  const options = parseOptions(BROWSER.location.search);
  for (const [name, value] of Object.entries(options)) element(name).value = String(value);
  await requireGpu(BROWSER);
  const view = new TrainView();
  const kept = new KeptSteps();
  const thread = new TrainThread(() => startWorker('site/train/worker.ts'), {
    hear: (message) => {
      kept.hear(message);
      if (message.kind === 'tar') save(message.tar);
      else view.tell(message);
    },
    erred: (reason) =>
      view.say(
        `An error in the thread that trains: ${reason}. If nothing goes on, download the run and load the page again.`,
      ),
    ended: () => {
      kept.forget();
      view.forget();
      view.ready(
        `The thread that trains did not answer for ${ANSWER_MILLISECONDS / 1000} seconds: it was ended, and the run in it is gone. Start one, or open one.`,
      );
    },
  });
  /** While a file is read, nothing else begins. */
  let isReading = false;
  const begins = (id: string, work: () => void): void =>
    control(id).addEventListener('click', () => {
      if (!isReading) work();
    });
  begins('start', () => thread.ask({ kind: 'begin', options }));
  begins('go-on', () => thread.ask({ kind: 'go-on' }));
  control('pause').addEventListener('click', () => thread.ask({ kind: 'pause' }));
  control('download').addEventListener('click', () => thread.ask({ kind: 'download' }));
  const picker = control('file');
  picker.addEventListener('change', () => {
    const file = picker.files?.[0];
    // The same file can be picked again.
    picker.value = '';
    if (file === undefined) return;
    const refusal = isReading ? 'A file is being read.' : refusalOf(file.size, view, kept);
    if (refusal !== undefined) return view.say(refusal);
    isReading = true;
    view.say('The file is read.');
    file
      .arrayBuffer()
      .then((buffer) => thread.ask({ kind: 'open', tar: new Uint8Array(buffer) }, [buffer]))
      .catch((error: unknown) => view.say(`The file could not be read. ${failureText(error)}`))
      .finally(() => {
        isReading = false;
      });
  });
  PAGE.addEventListener('beforeunload', (event) => {
    if (!kept.wouldLose) return;
    // A run that was not downloaded is gone with the page: browsers ask then, older ones by the second line.
    event.preventDefault();
    event.returnValue = '';
  });
  view.ready(greeting(options));
}

/** Why a file of so many bytes is not opened now, if it is not. */
function refusalOf(bytes: number, view: TrainView, kept: KeptSteps): string | undefined {
  if (view.isBusy) return 'Pause the run before another one is opened.';
  if (kept.wouldLose) {
    return 'The run has steps that were not downloaded: download it before another one is opened, or load the page again and lose them.';
  }
  if (bytes <= MAX_TAR_BYTES) return undefined;
  return `This file is larger than a run that a page can hold: ${bytes} bytes, of at most ${MAX_TAR_BYTES}.`;
}

function greeting({ steps, batch, clips, model }: RunOptions): string {
  return `Ready to train the ${model} model for ${steps} steps of ${batch} clips, of ${clips}.`;
}

function save(tar: Uint8Array<ArrayBuffer>): void {
  const link = PAGE.document.createElement('a');
  const url = OBJECT_URLS.createObjectURL(new Blob([tar], { type: 'application/x-tar' }));
  link.href = url;
  link.download = NAME;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => OBJECT_URLS.revokeObjectURL(url), 60_000);
}

main().catch((error: unknown) => {
  element('controls').hidden = true;
  showFailure(error, 'unavailable');
});
