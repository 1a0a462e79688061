import '../frame/quiet-schemas.js';
import { Runtime } from '../../backends/webgpu/device/runtime.js';
import type { Precision } from '../../core/backend.js';
import type { AdapterReport } from '../../core/measure/adapter-report.js';
import { html } from '../../formats/html/html.js';
import { LacunaError } from '../../spec/errors.js';
import { BROWSER, browserName, element, show } from '../frame/browser.js';
import { control, offerFile } from '../frame/controls.js';
import { facts } from '../frame/facts.js';
import { showFailure } from '../frame/failure.js';
import { requireGpu } from '../frame/unavailable.js';
import { type Measurements, measureAdapter } from './measure-adapter.js';
import { copySizes, productShapes } from './sizes.js';
import { reportTables } from './tables.js';

const FIELDS = ['f32', 'mixed', 'products', 'edge', 'copies', 'tiny', 'small', 'batch', 'tilings'];
const browser: string = browserName(BROWSER.navigator.userAgent);
let running: AbortController | undefined;
let report: AdapterReport | undefined;

async function main(): Promise<void> {
  const gpu = await requireGpu(BROWSER);
  const runtime = await Runtime.open(gpu);
  control('mixed').disabled = !runtime.adapter.features.has('shader-f16');
  element('adapter-name').textContent = runtime.description;
  const kind = runtime.isSoftware ? 'a GPU in software: it computes right, and slowly' : 'hardware';
  const f16 = control('mixed').disabled ? 'not there' : 'there';
  show('adapter', facts(Object.entries({ browser, kind, 'f16 in kernels': f16 })));
  await runtime.dispose();
  element('verdict').textContent =
    'Choose what is to be measured. Products and copies take some ten seconds on a GPU.';
  state('ready');
  control('choices').addEventListener('submit', (event) => {
    event.preventDefault();
    void measure(gpu).catch((error: unknown) => showFailure(error, 'refused'));
  });
  control('cancel').addEventListener('click', () => running?.abort());
  control('copy').addEventListener('click', () => void copy());
}

async function measure(gpu: GPU): Promise<void> {
  const wanted = choices();
  running = new AbortController();
  report = undefined;
  const notes: string[] = [];
  busy(true);
  show('tables', html``);
  show('notes', html``);
  element('verdict').textContent =
    'Measuring. Leave this page in front: browsers slow down what is not looked at.';
  try {
    const done = await measureAdapter(gpu, browser, wanted, {
      signal: running.signal,
      onProgress: (doing) => {
        element('progress-text').textContent = doing;
      },
      onReport: grown,
      onNote: (sentence) => {
        notes.push(sentence);
        show('notes', html`${notes.map((note) => html`<p class="soft">${note}</p>`)}`);
      },
    });
    grown(done);
    element('verdict').textContent = 'Measured.';
    state('measured');
  } catch (error) {
    if (!running.signal.aborted) throw error;
    element('verdict').textContent = 'Cancelled. What was measured until then stays.';
    state('cancelled');
  } finally {
    busy(false);
  }
}

/** What the form asks for. @throws LacunaError where it asks for nothing, or for too many clips. */
function choices(): Measurements {
  const ticked = (id: string): boolean => control(id).checked && !control(id).disabled;
  const precisions = (['f32', 'mixed'] satisfies Precision[]).filter(ticked);
  const steps = ['tiny', 'small'].filter(ticked);
  const edge = Number(control('edge').value);
  const products = ticked('products') ? productShapes(edge) : [];
  const copies = ticked('copies') ? copySizes(edge) : [];
  const batch = control('batch').value;
  const isBatch = /^\d{1,2}$/.test(batch) && Number(batch) >= 2 && Number(batch) <= 64;
  if (batch !== '' && !isBatch) {
    const expected = 'a whole number from 2 to 64, or nothing';
    throw new LacunaError({
      where: 'clips of a step',
      what: 'there is no such value',
      got: batch.slice(0, 40),
      expected,
    });
  }
  const nothing = products.length + copies.length + steps.length === 0 && !ticked('tilings');
  if (precisions.length === 0 || nothing) {
    throw new LacunaError({
      what: 'nothing is to be measured',
      fix: 'Tick a precision, and what to measure.',
    });
  }
  const own = batch === '' ? {} : { batch: Number(batch) };
  return { precisions, products, copies, steps, ...own, tilings: ticked('tilings') };
}

function grown(next: AdapterReport): void {
  report = next;
  show('tables', reportTables(next));
  element('found').hidden = false;
  element('file').hidden = false;
  offerFile('download', {
    name: 'measure.json',
    type: 'application/json',
    content: () => textOf(next),
  });
}

function textOf(of: AdapterReport): string {
  return `${JSON.stringify(of, null, 1)}\n`;
}

async function copy(): Promise<void> {
  if (report === undefined) return;
  const { clipboard } = BROWSER.navigator as unknown as {
    readonly clipboard?: { writeText(text: string): Promise<void> };
  };
  const told = await clipboard?.writeText(textOf(report)).then(
    () => 'Copied.',
    () => undefined,
  );
  element('copied').textContent = told ?? 'This browser does not let the page copy: take the file.';
}

function busy(isBusy: boolean): void {
  if (isBusy) state('running');
  element('progress').hidden = !isBusy;
  control('start').disabled = isBusy;
  control('cancel').disabled = !isBusy;
  for (const field of FIELDS) {
    if (field !== 'mixed') control(field).disabled = isBusy;
  }
}

function state(name: string): void {
  element('page').setAttribute('data-state', name);
}

main().catch((error: unknown) => showFailure(error, 'unavailable'));
