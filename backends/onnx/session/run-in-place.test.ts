import { describe, expect, it } from 'vitest';
import { GraphWriter } from '../../../formats/onnx/graph-writer.js';
import { loadOnnxRuntime } from '../../../formats/onnx/runtime.js';
import { addStop, runInPlace } from './run-in-place.js';

describe('running in place', () => {
  it('writes to the given memory without onnxruntime-node copying the results', async () => {
    const runtime = await loadOnnxRuntime('onnx');
    const graph = new GraphWriter('double');
    graph.input('x', { dtype: 'f32', shape: [3] });
    graph.output('y', { dtype: 'f32', shape: [3] });
    graph.node('Add', ['x', 'x'], {}, { outputs: ['y'] });
    addStop(graph);
    const session = await runtime.InferenceSession.create(graph.encode());
    const x = new runtime.Tensor('float32', Float32Array.of(1, 2, 3), [3]);
    const results = new Float32Array(3);
    const y = new runtime.Tensor('float32', results, [3]);
    await runInPlace(session, { x }, { y });
    expect([...results]).toEqual([2, 4, 6]);
    // Should this no longer fail, the results are copied once more, and runInPlace has no point.
    const name = session.outputNames[0] as string;
    await expect(session.run({ x }, { [name]: null, y })).rejects.toThrow('not supported');
    // Real failures pass through.
    const wrong = new runtime.Tensor('float32', new Float32Array(2), [2]);
    await expect(runInPlace(session, { x: wrong }, { y })).rejects.toThrow('invalid dimensions');
    await session.release();
  });
});
