import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Probe } from '../../../core/backend.js';
import { GraphWriter } from '../../../formats/onnx/graph-writer.js';
import { loadOnnxRuntime } from '../../../formats/onnx/runtime.js';
import type { Provider } from '../options.js';

const TIME_LIMIT_MS = 60_000;
/** Whether cuBLAS and cuDNN multiply in TF32: ONNX Runtime's JavaScript has no switch, they have this one. */
export const tf32: boolean = process.env.NVIDIA_TF32_OVERRIDE !== '0';
const CUDA_DEVICE = `CUDA device 0, ${tf32 ? 'TF32 products (NVIDIA_TF32_OVERRIDE=0 turns them off)' : 'TF32 off'}`;
/** ONNX Runtime does not tell which adapter it took. */
const WEBGPU_DEVICE = 'WebGPU device, a GPU or one in software';

const ABSENT: Readonly<Record<Exclude<Provider, 'cpu'>, string>> = {
  cuda:
    'ONNX Runtime has no CUDA provider here: it needs Linux x64, an NVIDIA driver, the provider, which ' +
    'npm does not bring, and the libraries of its CUDA with cuDNN 9; lacuna backends --fix says which',
  webgpu:
    'ONNX Runtime finds no usable WebGPU device here: it needs a Vulkan, Metal or D3D12 driver',
};

/** Whether the provider can run here. GPU providers are tried in a child process: they may abort. */
export async function probeProvider(provider: Provider, threads?: number): Promise<Probe> {
  try {
    await loadOnnxRuntime('onnx');
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  }
  if (provider === 'cpu') {
    return { available: true, device: cpuName(threads ?? availableParallelism()) };
  }
  const failure = await tryInChild(provider);
  return failure === undefined
    ? { available: true, device: provider === 'cuda' ? CUDA_DEVICE : WEBGPU_DEVICE }
    : { available: false, reason: `${ABSENT[provider]} (${failure}).` };
}

export function cpuName(threads: number): string {
  return `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/** Runs 1 + 1 on the provider in a child process; the reason why that failed, if it did. */
function tryInChild(provider: Provider): Promise<string | undefined> {
  const graph = new GraphWriter('probe');
  graph.input('x', { dtype: 'f32', shape: [1] });
  graph.output('y', { dtype: 'f32', shape: [1] });
  graph.node('Add', ['x', 'x'], {}, { outputs: ['y'] });
  const model = Buffer.from(graph.encode()).toString('base64');
  const script = `
    const ort = require('onnxruntime-node');
    const options = { executionProviders: ['${provider}'], logSeverityLevel: 4 };
    ort.InferenceSession.create(Buffer.from('${model}', 'base64'), options)
      .then((session) => session.run({ x: new ort.Tensor('float32', [1], [1]) }))
      .then(({ y }) => { console.log(y.data[0] === 2 ? 'works' : 'a sum came out wrong'); process.exit(); })
      .catch((error) => { console.log(error.message); process.exit(); });`;
  return new Promise((resolve) => {
    const cwd = import.meta.dirname;
    const settings = { cwd, timeout: TIME_LIMIT_MS, maxBuffer: 1 << 20 };
    execFile(process.execPath, ['--eval', script], settings, (error, stdout) => {
      const said = stdout.trim().split('\n').at(-1) ?? '';
      if (said === 'works') resolve(undefined);
      else resolve(said === '' && error !== null ? 'the attempt ended its process' : short(said));
    });
  });
}

function short(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ').replace(/\.$/, '');
  return line.length > 160 ? `${line.slice(0, 160)}...` : line;
}
