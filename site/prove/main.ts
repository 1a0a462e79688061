import '../frame/quiet-schemas.js';
import { WebgpuBackend } from '../../backends/webgpu/backend.js';
import { Runtime } from '../../backends/webgpu/device/runtime.js';
import { CHECKS } from '../../conformance/checks.js';
import { type CaseOutputs, recordCase } from '../../conformance/report/record.js';
import { checkBackend } from '../../conformance/run-checks.js';
import { LacunaError } from '../../spec/errors.js';
import { BROWSER, browserName, element } from '../frame/browser.js';
import { requireGpu } from '../frame/unavailable.js';
import { ConformanceView } from './conformance-view.js';
import { type PageSettings, parseSettings } from './settings.js';

/** Runs the suite in this browser, on its own WebGPU, and shows what came of it. */
async function main(): Promise<void> {
  const settings = parseSettings(BROWSER.location.search);
  const gpu = await requireGpu(BROWSER);
  const runtime = await Runtime.open(gpu, settings);
  const version = browserName(BROWSER.navigator.userAgent);
  const backend = new WebgpuBackend(runtime, version, settings);
  try {
    await run(backend, settings);
  } finally {
    await backend.dispose();
  }
}

async function run(backend: WebgpuBackend, settings: PageSettings): Promise<void> {
  const { filter, seed, cases } = settings;
  const wanted = CHECKS.filter(({ id }) => id.startsWith(filter));
  const view = new ConformanceView(CHECKS, wanted.length, settings);
  view.adapter(backend);
  const outputs: Promise<CaseOutputs>[] = [];
  const report = await checkBackend(backend, {
    filter,
    seed,
    cases,
    checks: CHECKS,
    onCheck: (check, _, done) => (done === undefined ? view.starts(check) : view.ended(done)),
    onCase: (record) => {
      outputs.push(recordCase(record));
    },
  });
  view.finished({ ...report, outputs: await Promise.all(outputs) });
}

main().catch((error: unknown) => {
  const verdict = element('verdict');
  element('progress').hidden = true;
  if (error instanceof LacunaError) {
    const { message } = error;
    verdict.textContent = `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
    element('page').setAttribute('data-state', 'unavailable');
    return;
  }
  const stack = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
  verdict.textContent = `This is a defect of Lacuna; please report it with these lines. ${stack}`;
  element('page').setAttribute('data-state', 'broken');
});
