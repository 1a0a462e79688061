import '../frame/quiet-schemas.js';
import { WebgpuBackend } from '../../backends/webgpu/backend.js';
import { Runtime } from '../../backends/webgpu/device/runtime.js';
import { CHECKS } from '../../conformance/checks.js';
import { type CaseOutputs, recordCase } from '../../conformance/report/record.js';
import { checkBackend } from '../../conformance/run-checks.js';
import { BROWSER, browserName, element } from '../frame/browser.js';
import { showFailure } from '../frame/failure.js';
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
  const view = new ConformanceView(CHECKS, settings);
  view.adapter(backend);
  const outputs: Promise<CaseOutputs>[] = [];
  const report = await checkBackend(backend, {
    ...settings,
    checks: CHECKS,
    onCheck: (check, _, done) => (done === undefined ? view.starts(check) : view.ended(done)),
    onCase: (record) => {
      outputs.push(recordCase(record));
    },
  });
  view.finished({ ...report, outputs: await Promise.all(outputs) });
}

main().catch((error: unknown) => {
  element('progress').hidden = true;
  showFailure(error, 'unavailable');
});
