import type { WebgpuBackend } from '../../backends/webgpu/backend.js';
import { askedInWords, isAsked } from '../../conformance/asked.js';
import type { Check } from '../../conformance/check.js';
import { type ReportFile, writeReport } from '../../conformance/report/file.js';
import type { CheckReport } from '../../conformance/report/report.js';
import { duration } from '../../core/duration.js';
import { html } from '../../formats/html/html.js';
import { element, show } from '../frame/browser.js';
import { offerFile } from '../frame/controls.js';
import { facts } from '../frame/facts.js';
import { KeptVerdicts } from '../frame/kept-verdicts.js';
import { checkList, failureList } from './list.js';
import { choicesInWords, choicesOf, type PageSettings } from './settings.js';
import { accuracyTable, matrix, type Row } from './tables.js';

/** Keeps the page at what is known of the run. */
export class ConformanceView {
  readonly #rows: Map<string, Row>;
  readonly #reports: CheckReport[] = [];
  readonly #total: number;
  readonly #settings: PageSettings;
  #kept: KeptVerdicts | undefined;
  readonly #start = performance.now();

  constructor(checks: readonly Check[], settings: PageSettings) {
    const wanted = checks.filter((check) => isAsked(check, settings)).length;
    this.#rows = new Map(
      checks.map((check) => {
        const { id, level } = check;
        return [id, isAsked(check, settings) ? { id, level } : { id, level, verdict: 'not-run' }];
      }),
    );
    this.#total = wanted;
    this.#settings = settings;
    showSettings(settings);
    const asked = askedInWords(settings);
    element('verdict').textContent =
      `Running: ${wanted} of ${checks.length} checks were asked for${asked === '' ? '' : ` (${asked})`}.`;
    element('page').setAttribute('data-state', 'running');
    this.#show();
  }

  adapter({ info, runtime }: WebgpuBackend): void {
    this.#kept = new KeptVerdicts(info.device, choicesInWords(this.#settings));
    const { limits, subgroups, isSoftware } = runtime;
    const { fuse, defaultLimits } = this.#settings;
    element('adapter-name').textContent = info.device;
    show(
      'adapter',
      facts([
        ['browser', info.version],
        ['kind', isSoftware ? 'a GPU in software' : 'hardware'],
        ['numeric contract', info.contract],
        ['kernels', fuse ? 'operations share them' : 'one for each operation'],
        ['limits', defaultLimits ? 'those of every implementation' : 'the highest of the adapter'],
        ['subgroup operations', subgroups ? 'used' : 'not used'],
        ['products', runtime.productsInWords],
        ['storage buffers of a kernel', whole(limits.storageBuffers)],
        ['largest binding', bytes(limits.bindingBytes)],
        ['workgroups along a dimension', whole(limits.workgroups)],
        ['invocations of a workgroup', whole(limits.invocations)],
        ['memory of a workgroup', bytes(limits.workgroupBytes)],
      ]),
    );
  }

  starts({ id }: Pick<Check, 'id'>): void {
    const done = this.#reports.length;
    const seconds = (performance.now() - this.#start) / 1000;
    const left = done < 5 ? '' : `, ${duration((seconds / done) * (this.#total - done))} left`;
    element('progress-text').textContent = `${done + 1} of ${this.#total}${left}: ${id}`;
    element('progress-bar').setAttribute('value', `${done / this.#total}`);
  }

  ended(report: CheckReport): void {
    this.#rows.set(report.id, report);
    this.#reports.push(report);
    this.#kept?.keep(report);
    if (this.#reports.length === this.#total) {
      element('progress-text').textContent = 'Measuring the accuracy, and testing the judge.';
      element('progress-bar').setAttribute('value', '1');
    }
    this.#show();
  }

  finished(report: ReportFile): void {
    const seconds = (performance.now() - this.#start) / 1000;
    const { valid, ok, accuracy } = report;
    const outcome = valid ? (ok ? 'passed' : 'failed') : 'proved-nothing';
    const word = outcome.replace('-', ' ');
    const told = `${word[0]?.toUpperCase()}${word.slice(1)}.`;
    show('verdict', html`<strong>${told}</strong> ${summary(report, seconds)}`);
    element('progress').hidden = true;
    const none = html`<p class="soft">It is measured in runs without a filter.</p>`;
    show('accuracy', accuracy.length > 0 ? accuracyTable(accuracy) : none);
    offerFile('download', {
      name: 'report.json',
      type: 'application/json',
      content: () => writeReport(report),
    });
    element('page').setAttribute('data-state', outcome);
  }

  #show(): void {
    const rows = [...this.#rows.values()];
    show('matrix', matrix(rows));
    show('checks', checkList(rows));
    const failures = failureList(this.#reports, this.#settings);
    show('failures', html`${failures}`);
    element('failed').hidden = failures.length === 0;
  }
}

/** The form for the next run starts from the choices of this one. */
function showSettings(settings: PageSettings): void {
  const { filter, clause = '' } = settings;
  const values = { filter, clause, ...choicesOf(settings) };
  for (const [id, value] of Object.entries(values)) element(id).value = value;
}

function summary({ checks, counts, canaries, seed }: ReportFile, seconds: number): string {
  const sum = (pick: (check: CheckReport) => number): number =>
    checks.reduce((total, check) => total + pick(check), 0);
  const [elements, undecided] = [sum((each) => each.elements), sum((each) => each.undecided)];
  const ran = checks.length - counts['not-run'];
  const beyond = checks.filter((check) => check.beyondContract === true).length;
  const rest = beyond === 0 ? '' : ` (beyond the contract: ${beyond})`;
  const behaved = canaries.filter((canary) => canary.behaved).length;
  return [
    `${counts.pass} of ${ran} checks passed${rest}, in ${seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds)}:`,
    `${whole(sum((each) => each.cases))} cases of seed ${seed},`,
    `${whole(elements - undecided)} of ${whole(elements)} elements judged,`,
    `${behaved} of ${canaries.length} altered results judged as they must be.`,
  ].join(' ');
}

function bytes(count: number): string {
  const size = Math.floor(Math.log2(count) / 10);
  const unit = ['B', 'KiB', 'MiB', 'GiB', 'TiB'][size];
  return `${whole(count / 2 ** (10 * size), 2)} ${unit}`;
}

function whole(value: number, digits = 0): string {
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
