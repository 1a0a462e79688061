import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ONNX } from '../../backends/onnx/index.js';
import { capable } from '../../core/testing/capability.js';
import { refusalOf } from '../../core/testing/refusal.js';
import { makeDemoData } from '../../data/index.js';
import { SafetensorsFile } from '../../formats/index.js';
import { createModelSession, loadOnnxRuntime } from '../../formats/onnx/runtime.js';
import { finetuningConfig, parseConfig, resolveSettings } from '../../run/index.js';
import { finetune } from '../../training/index.js';
import { oneStepRun } from '../testing/one-step-run.js';
import { exportCommand } from './export.js';
import { inspectCommand } from './inspect.js';

let folder = '';
let run = '';
let aligned = '';
let classifier = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-export-'));
  const data = await makeDemoData(join(folder, 'data'), { trainClips: 4, testClips: 4 });
  run = join(folder, 'masked');
  aligned = join(folder, 'aligned');
  await oneStepRun('tiny-mae', data.trainList, run);
  await oneStepRun('tiny-mac', data.trainList, aligned);
  classifier = join(folder, 'classifier');
  await oneStepClassifier(data.trainList, classifier);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

/** A classifier of the shapes of the demo data, whose averages are what is judged. */
async function oneStepClassifier(list: string, output: string): Promise<void> {
  const recipe = finetuningConfig('plain', undefined, { steps: 1 });
  const own = { preset: 'tiny-mae', batch: 4, finetuning: { average: 0.5 } };
  const settings = resolveSettings(parseConfig({ ...recipe, ...own, data: { list }, output }));
  const backend = await ONNX.open({ threads: 1 });
  try {
    await finetune(settings, backend, { version: 'test' });
  } finally {
    await backend.dispose();
  }
}

/** What a command prints. */
async function said(command: typeof exportCommand, ...args: readonly string[]): Promise<string> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  await command().parseAsync([...args], { from: 'user' });
  const text = log.mock.calls.flat().join('\n');
  vi.restoreAllMocks();
  return text;
}

const python = process.env.LACUNA_PYTHON ?? 'python3';
const torch = process.env.LACUNA_TORCH ?? 'python3';

function missing(program: string, module: string): string | undefined {
  try {
    execFileSync(program, ['-c', `import ${module}`], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${program} has no package ${module}`;
  }
}

describe('lacuna export', () => {
  it('writes a folder of transformers with its card, its record and what it left out', async () => {
    const output = join(folder, 'hf');
    const text = await said(exportCommand, run, '--output', output, '--license', 'apache-2.0');
    expect(text).toContain('VideoMAEModel, after 1 steps');
    expect(text).toContain('decoder.{i}.norm1.weight');
    expect((await readdir(output)).sort()).toEqual([
      'README.md',
      'config.json',
      'lacuna.json',
      'metrics.jsonl',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
    const card = await readFile(join(output, 'README.md'), 'utf8');
    expect(card).toMatch(/^---\nlicense: apache-2.0\n/);
    expect(card).toContain('VideoMAEModel.from_pretrained("FOLDER")');
    expect(card).toContain('decoder.finalNormEps 0.00001, and it is 0.000001');
    const record = await readFile(join(output, 'lacuna.json'), 'utf8');
    expect(record).not.toContain(folder);
    expect(JSON.parse(record)).toMatchObject({ kind: 'hf', model: 'VideoMAEModel', step: 1 });
    const file = await SafetensorsFile.open(join(output, 'model.safetensors'));
    expect(file.metadata.get('step')).toBe('1');
    expect(file.tensors.has('embeddings.patch_embeddings.projection.weight')).toBe(true);
    await file.close();
    const refusal = await refusalOf(said(exportCommand, run, '--output', output));
    expect(refusal).toContain('the folder for the export holds something else');
  }, 60_000);

  it('refuses a run that fits nothing, and names its settings', async () => {
    const refusal = await refusalOf(
      said(exportCommand, run, '--model', 'clip', '--output', join(folder, 'no')),
    );
    expect(refusal).toContain('the model of this run is no CLIPModel; got encoder.keyBias false');
    expect(await readdir(folder)).not.toContain('no');
  });

  it('writes encoders as ONNX files that take any number of clips and captions', async () => {
    const output = join(folder, 'onnx');
    const text = await said(
      exportCommand,
      aligned,
      '--format',
      'onnx',
      '--output',
      output,
      '--json',
    );
    expect(JSON.parse(text)).toMatchObject({
      kind: 'onnx',
      leftOut: { count: expect.any(Number) },
    });
    const runtime = await loadOnnxRuntime('a test');
    const bytes = await readFile(join(output, 'video_encoder.onnx'));
    const session = await createModelSession(runtime, output, bytes, { threads: 1 });
    expect(session.outputNames).toEqual(['tokens', 'features', 'embedding']);
    const shape = await frameShape(output);
    const clip = shape.reduce((product, n) => product * n, 1);
    const data = Uint8Array.from({ length: 3 * clip }, (_, i) => (i * 2_654_435_761) >>> 24);
    const embedded = async (first: number, count: number): Promise<readonly number[]> => {
      const part = data.slice(first * clip, (first + count) * clip);
      const frames = new runtime.Tensor('uint8', part, [count, ...shape]);
      const { embedding } = await session.run({ frames });
      expect(embedding?.dims[0]).toBe(count);
      return [...((embedding?.data ?? []) as Float32Array)];
    };
    const together = await embedded(0, 3);
    const alone = [...(await embedded(0, 1)), ...(await embedded(1, 1)), ...(await embedded(2, 1))];
    expect(new Set(together).size).toBeGreaterThan(10);
    for (const [index, value] of together.entries()) expect(alone[index]).toBeCloseTo(value, 5);
    await session.release();
  }, 60_000);

  it.skipIf(!capable('onnx-checker', missing(python, 'onnx')))(
    'writes ONNX files that the checker takes (needs Python with onnx)',
    () => {
      const check = [
        'import onnx, sys',
        'for p in sys.argv[1:]:',
        '  m = onnx.load(p); onnx.checker.check_model(m, full_check=True)',
        '  print([(o.domain, o.version) for o in m.opset_import])',
      ].join('\n');
      const files = ['video_encoder.onnx', 'text_encoder.onnx'].map((n) => join(folder, 'onnx', n));
      expect(execFileSync(python, ['-c', check, ...files], { encoding: 'utf8' })).toBe(
        "[('', 20)]\n[('', 20)]\n",
      );
    },
    60_000,
  );

  it.skipIf(!capable('torch-port', missing(torch, 'torch')))(
    'writes a state dict that torch.load reads (needs Python with torch)',
    async () => {
      const output = join(folder, 'torch');
      await said(exportCommand, run, '--format', 'torch', '--output', output);
      const code = [
        'import sys, torch',
        'state = torch.load(sys.argv[1])["model"]',
        'print(len(state), tuple(state["encoder.blocks.0.attn.qkv.weight"].shape), float(state["encoder.norm.weight"].mean()))',
      ].join('\n');
      const text = execFileSync(torch, ['-c', code, join(output, 'checkpoint.pth')], {
        encoding: 'utf8',
      });
      expect(text).toMatch(/^\d+ \(\d+, \d+\) (1\.0|0\.99)/);
    },
    60_000,
  );
});

describe('lacuna export of a fine-tuned run', () => {
  it('writes what transformers, ONNX Runtime and the scripts of VideoMAE load', async () => {
    const hf = join(folder, 'of-classes-hf');
    const onnx = join(folder, 'of-classes-onnx');
    const pth = join(folder, 'of-classes-torch');
    const text = await said(exportCommand, classifier, '--output', hf);
    expect(text).toContain('VideoMAEForVideoClassification, after 1 steps');
    expect(text).not.toContain('Left out');
    const card = await readFile(join(hf, 'README.md'), 'utf8');
    expect(card).toContain('pipeline_tag: video-classification');
    expect(card).toContain('Fine-tuned with Lacuna');
    expect(card).toContain('model.fc_norm.eps = 0.000001');
    const { id2label } = JSON.parse(await readFile(join(hf, 'config.json'), 'utf8'));
    const classes = Object.values(id2label);
    const file = await SafetensorsFile.open(join(hf, 'model.safetensors'));
    expect((await file.read('classifier.bias')).shape).toEqual([classes.length]);
    // The averages, by which the run is judged.
    const head = (await file.read('classifier.weight')).data;
    await file.close();
    const checkpoint = join(classifier, 'checkpoints', 'step-00000001');
    const averages = await SafetensorsFile.open(join(checkpoint, 'average.safetensors'));
    const average = await averages.read('average.classifier.head.label.weight');
    await averages.close();
    expect(head).toEqual(average.data);

    await said(exportCommand, classifier, '--format', 'onnx', '--output', onnx);
    const runtime = await loadOnnxRuntime('a test');
    const bytes = await readFile(join(onnx, 'classifier.onnx'));
    const session = await createModelSession(runtime, onnx, bytes, { threads: 1 });
    const shape = await frameShape(onnx, 'classifier.onnx');
    const data = new Uint8Array(2 * shape.reduce((product, n) => product * n, 1)).fill(7);
    const frames = new runtime.Tensor('uint8', data, [2, ...shape]);
    const { 'logits.label': logits } = await session.run({ frames });
    expect(logits?.dims).toEqual([2, classes.length]);
    await session.release();
    const told = await said(inspectCommand, join(onnx, 'classifier.onnx'));
    expect(told).toContain(JSON.stringify(classes));

    const torchText = await said(exportCommand, classifier, '--format', 'torch', '--output', pth);
    expect(torchText).toContain('VisionTransformer, after 1 steps');
    expect(await refusalOf(said(exportCommand, classifier, '--model', 'clip'))).toContain(
      'got task fine-tuning, expected task pretraining',
    );
  }, 60_000);
});

describe('lacuna inspect', () => {
  it('tells what a run, its checkpoint, an export and each of its files hold', async () => {
    const ofRun = JSON.parse(await said(inspectCommand, run, '--json'));
    expect(ofRun).toMatchObject({
      kind: 'a run of Lacuna',
      facts: { checkpoint: 'after 1 steps' },
    });
    const ofClassifier = JSON.parse(await said(inspectCommand, classifier, '--json'));
    expect(ofClassifier).toMatchObject({
      kind: 'a fine-tuned run of Lacuna',
      facts: { checkpoint: 'after 1 steps', 'classes of label': expect.any(String) },
    });
    expect(ofClassifier.numbers).toBeGreaterThan(ofClassifier.facts.parameters);
    const checkpoint = join(run, 'checkpoints', 'step-00000001');
    const ofCheckpoint = JSON.parse(await said(inspectCommand, checkpoint, '--json'));
    expect(ofCheckpoint.numbers).toBe(ofRun.numbers);
    expect(ofCheckpoint.numbers).toBeGreaterThan(ofRun.facts.parameters);
    const text = await said(inspectCommand, join(folder, 'hf'));
    expect(text).toContain('a model as Hugging Face saves it');
    expect(text).toContain('class: VideoMAEModel');
    expect(text).toMatch(/encoder\.layer\.\{i\}\.layernorm_after\.weight {2}F32 \[\d+\]/);
    const onnx = await said(inspectCommand, join(folder, 'onnx', 'video_encoder.onnx'));
    expect(onnx).toContain('opset: ai.onnx 20');
    expect(onnx).toMatch(/input: frames UINT8 \[batch, \d+, \d+, \d+, 3\]/);
  }, 60_000);

  it('refuses what it does not know, what is damaged, and what is not there', async () => {
    const pickle = join(folder, 'a.pth');
    await writeFile(pickle, 'PK\x03\x04...');
    expect(await refusalOf(said(inspectCommand, pickle))).toContain('a ZIP archive, as torch.save');
    const cut = join(folder, 'a.safetensors');
    await writeFile(cut, 'short');
    expect(await refusalOf(said(inspectCommand, cut))).toContain('damaged');
    expect(await refusalOf(said(inspectCommand, join(folder, 'nowhere')))).toContain(
      'there is no such file or folder',
    );
  });
});

async function frameShape(
  output: string,
  name: string = 'video_encoder.onnx',
): Promise<readonly number[]> {
  const { tensors } = JSON.parse(await said(inspectCommand, join(output, name), '--json'));
  const [input] = tensors as readonly { readonly shape: readonly (number | string)[] }[];
  return input?.shape.slice(1).map(Number) ?? [];
}
