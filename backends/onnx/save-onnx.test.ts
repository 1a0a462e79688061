import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differentiate } from '../../core/autodiff/differentiate.js';
import { capable } from '../../core/testing/capability.js';
import { randomProgram } from '../../core/testing/random-program.js';
import { loadOnnxRuntime } from '../../formats/onnx/runtime.js';
import {
  attention,
  crossEntropy,
  gelu,
  layerNorm,
  linear,
  type Program,
  ProgramBuilder,
  reshape,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { saveOnnx } from './index.js';
import { graphOf, operatorsOf } from './testing/nodes.js';

const python = process.env.LACUNA_PYTHON ?? 'python3';

function missingChecker(): string | undefined {
  try {
    execFileSync(python, ['-c', 'import onnx'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${python} has no package onnx`;
  }
}

function encoderProgram(): Program {
  const builder = new ProgramBuilder('encoder');
  const x = builder.input('x', 'f32', [2, 3, 4], 'data');
  const labels = builder.input('labels', 'i32', [2], 'data');
  const [w, b] = [
    builder.input('w', 'f32', [4, 4], 'parameter'),
    builder.input('b', 'f32', [4], 'parameter'),
  ];
  const tokens = reshape(gelu(linear(layerNorm(x, b, b, 1e-6), w, b)), [2, 1, 3, 4]);
  const mixed = attention(tokens, tokens, tokens, { scale: 0.5 });
  const loss = sum(crossEntropy(reshape(mixed, [2, 12]), labels));
  builder.output('loss', loss);
  builder.output('w', w);
  return builder.finish();
}

/** The encoder with the gradient of its loss as one more output. */
function gradientOf(program: Program): Program {
  const { builder, gradients } = differentiate(program, 'loss', ['w']);
  builder.output('dw', gradients.get('w') as Value);
  return builder.finish();
}

describe('saving programs as ONNX files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lacuna-onnx-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  /** Files of a small network, its weights inside, its gradient, and of random programs. */
  async function savedFiles(): Promise<string[]> {
    const program = encoderProgram();
    const stream = new RandomStream({ seed: 7, stream: 'test' });
    const random = Array.from({ length: 40 }, () =>
      randomProgram(Array.from({ length: 200 }, () => stream.word())),
    );
    const files: string[] = [];
    for (const each of [program, gradientOf(program), ...random]) {
      const path = join(folder, `${files.length}.onnx`);
      await saveOnnx(each, path);
      files.push(path);
    }
    const weights = { b: { dtype: 'f32' as const, shape: [4], data: Float32Array.of(1, 2, 3, 4) } };
    const path = join(folder, 'weights.onnx');
    await saveOnnx(program, path, { weights });
    return [...files, path];
  }

  it('writes what parses again and loads in ONNX Runtime, with standard operators only', async () => {
    const runtime = await loadOnnxRuntime('onnx');
    for (const path of await savedFiles()) {
      const graph = graphOf(await readFile(path));
      expect(operatorsOf(graph).filter((name) => name.includes('::'))).toEqual([]);
      const session = await runtime.InferenceSession.create(path);
      expect(session.outputNames).toEqual(graph.output.map(({ name }) => name));
      await session.release();
    }
  });

  it('keeps names, and moves weights from the inputs to the file', async () => {
    const files = await savedFiles();
    const graph = graphOf(await readFile(files.at(-1) as string));
    expect(graph.input.map(({ name }) => name)).toEqual(['x', 'labels', 'w']);
    expect(graph.initializer.map(({ name }) => name)).toContain('b');
    expect(graph.output[0]?.name).toBe('loss');
  });

  it('refuses weights that fit no input', async () => {
    const weight = { dtype: 'f32' as const, shape: [3], data: new Float32Array(3) };
    const path = join(folder, 'wrong.onnx');
    await expect(saveOnnx(encoderProgram(), path, { weights: { b: weight } })).rejects.toThrow(
      'encoder: b: a weight does not fit its input; got f32[3], expected f32[4]',
    );
    await expect(saveOnnx(encoderProgram(), path, { weights: { c: weight } })).rejects.toThrow(
      'expected the name of an input',
    );
  });

  it.skipIf(!capable('onnx-checker', missingChecker()))(
    'writes what the ONNX checker accepts (needs Python with onnx)',
    async () => {
      const files = await savedFiles();
      const check =
        'import onnx, sys\nfor p in sys.argv[1:]: onnx.checker.check_model(p, full_check=True)';
      expect(() => execFileSync(python, ['-c', check, ...files])).not.toThrow();
    },
  );
});
