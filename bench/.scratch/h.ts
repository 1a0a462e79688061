import * as ort from 'onnxruntime-node';
import { GraphWriter, float, MICROSOFT } from '../../backends/onnx/model/graph-writer.js';
import { addStop, runInPlace } from '../../backends/onnx/session/run-in-place.js';
export { GraphWriter, float, MICROSOFT };
export async function bench(label: string, build: (g: any) => void, ins: Record<string, number[]>, outs: Record<string, number[]>, opts: any = {}, n = 9) {
  const g = new GraphWriter('g');
  for (const [k, s] of Object.entries(ins)) g.input(k, { dtype: 'f32', shape: s });
  for (const [k, s] of Object.entries(outs)) g.output(k, { dtype: 'f32', shape: s });
  build(g); addStop(g);
  try {
  const s = await ort.InferenceSession.create(g.encode(), { executionProviders: ['cpu'], intraOpNumThreads: 2, interOpNumThreads: 1, logSeverityLevel: 3, ...opts });
  const rnd = (shape: number[], k: string) => { const a = new Float32Array(shape.reduce((x, y) => x * y, 1)); for (let i = 0; i < a.length; i++) a[i] = (((i * 2654435761) % 1000003) / 1000003 - 0.5) * (k === 'v' ? 1e-3 : 1) + (k === 'v' ? 1e-3 : 0); return new ort.Tensor('float32', a, shape); };
  const feeds = Object.fromEntries(Object.entries(ins).map(([k, sh]) => [k, rnd(sh, k)]));
  const fetches: any = Object.fromEntries(Object.entries(outs).map(([k, sh]) => [k, new ort.Tensor('float32', new Float32Array(sh.reduce((x, y) => x * y, 1)), sh)]));
  const t: number[] = []; let faults = 0, cpu = 0;
  for (let i = 0; i < n + 1; i++) { const f0 = process.resourceUsage(); const t0 = performance.now(); await runInPlace(s, feeds, fetches); t.push(performance.now() - t0); const f1=process.resourceUsage(); faults = f1.minorPageFault - f0.minorPageFault; cpu = (f1.userCPUTime+f1.systemCPUTime-f0.userCPUTime-f0.systemCPUTime)/1000; }
  t.shift(); t.sort((a, b) => a - b);
  console.log(label.padEnd(50), 'min', t[0]!.toFixed(2), 'med', t[t.length >> 1]!.toFixed(2), 'ms; faults', faults, 'cpu', cpu.toFixed(0));
  await s.release();
  return t[0]!;
  } catch (e: any) { console.log(label, 'ERR', e.message.slice(0, 300)); return NaN; }
}
