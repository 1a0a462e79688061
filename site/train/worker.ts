import '../frame/quiet-schemas.js';
import { WebgpuBackend } from '../../backends/webgpu/backend.js';
import { Runtime } from '../../backends/webgpu/device/runtime.js';
import manifest from '../../package.json' with { type: 'json' };
import { browserName } from '../frame/browser.js';
import { requireGpu } from '../frame/unavailable.js';
import type { FromTrainer, ToTrainer } from './messages.js';
import { Trainer } from './trainer.js';

/** What is used of a worker's own side. */
interface WorkerScope {
  readonly navigator: { readonly gpu?: GPU; readonly userAgent: string };
  readonly isSecureContext: boolean;
  onmessage: ((event: { readonly data: ToTrainer }) => void) | null;
  postMessage(message: FromTrainer, transfer?: readonly ArrayBuffer[]): void;
}

const SCOPE = globalThis as unknown as WorkerScope;

const trainer = new Trainer({
  version: manifest.version,
  openBackend: async () => {
    const runtime = await Runtime.open(await requireGpu(SCOPE));
    return new WebgpuBackend(runtime, browserName(SCOPE.navigator.userAgent));
  },
  post: (message) => SCOPE.postMessage(message, message.kind === 'tar' ? [message.tar.buffer] : []),
});

SCOPE.onmessage = ({ data }) => {
  switch (data.kind) {
    case 'begin':
      return void trainer.begin(data.options);
    case 'open':
      return void trainer.open(data.tar);
    case 'go-on':
      return void trainer.goOn();
    case 'pause':
      return trainer.pause();
    case 'download':
      return trainer.download();
  }
};
