import { expect, it } from 'vitest';
import type { Backend, HostTensor } from '../core/backend.js';
import { oneCallPlan } from '../core/plan/index.js';
import { float32, InterpreterBackend } from '../reference/index.js';
import { ModelBuilder, mul, sum } from '../spec/index.js';
import { type LoopEvent, train } from './loop.js';
import type { Task, TaskBatch } from './task.js';

const STEPS = 4;
/** The first element of every batch, by which a tensor is known as one. */
const MARK = 2;

interface NumberedBatch extends TaskBatch {
  readonly x: HostTensor;
}

/** Batches (2, n) for n from 0 on, of which `failing` cannot be read. The loss is the sum of w x. */
function numbered(failing = STEPS): Task<NumberedBatch> {
  const model = new ModelBuilder('linear');
  const w = model.parameter('w', [2], { kind: 'constant', value: 1 });
  model.program.output('loss', sum(mul(w, model.program.input('x', 'f32', [2], 'data'))));
  return {
    plan: oneCallPlan(model.finish()),
    // Of the settings the loop reads no others.
    settings: {
      optimizer: { beta1: 0.9, beta2: 0.95 },
      lossScaling: { kind: 'none' },
      checkpoints: { everySteps: 2, keep: 1 },
      backend: { name: 'slow' },
    } as Task<NumberedBatch>['settings'],
    schedule: { peak: 0.1, warmupSteps: 0, totalSteps: STEPS },
    clips: 1,
    initial: ({ name, shape }) => {
      const data = new Float32Array(shape[0] ?? 1).fill(name === 'w' ? 1 : 0);
      return { dtype: 'f32', shape, data };
    },
    batches: async (doneSteps) => {
      let next = doneSteps;
      return {
        next: async () => {
          if (next === failing) throw new Error(`batch ${next} cannot be read`);
          const x: HostTensor = { dtype: 'f32', shape: [2], data: Float32Array.of(MARK, next) };
          next += 1;
          return { epoch: 0, ids: [`${next - 1}`], problems: [], x };
        },
        close: async () => {},
      };
    },
    feeds: async ({ x }) => ({ x }),
  };
}

/**
 * A device whose queue is slow without end: a step's metric is there once the batch after it has been handed
 * over, where one comes. A loop that waited for the metric first would wait for ever.
 */
function slowQueue(batches = STEPS): {
  readonly words: readonly string[];
  readonly backend: Backend;
} {
  const inner = new InterpreterBackend(float32({ summation: 'sequential' }), {
    name: 'slow',
    contract: 'f32-ieee',
    claims: [],
  });
  const words: string[] = [];
  let [uploaded, asked, go] = [0, 0, (): void => {}];
  const upload: Backend['upload'] = (tensor) => {
    if (tensor.data[0] === MARK) {
      words.push(`batch ${tensor.data[1]}`);
      uploaded += 1;
      go();
    }
    return inner.upload(tensor);
  };
  const download: Backend['download'] = async (tensor) => {
    if (tensor.shape.length === 0) {
      const step = asked++;
      const next = Math.min(step + 2, batches);
      if (uploaded < next) {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
      words.push(`loss ${step}`);
    }
    return inner.download(tensor);
  };
  const backend = new Proxy<Backend>(inner, {
    get: (target, key) => {
      if (key === 'upload') return upload;
      if (key === 'download') return download;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { words, backend };
}

it('hands the next batch over while the device is at work on the one before it', async () => {
  const { words, backend } = slowQueue();
  expect((await train(numbered(), { backend })).steps).toBe(STEPS);
  expect(words).toEqual([
    ...['batch 0', 'batch 1', 'loss 0', 'batch 2', 'loss 1', 'batch 3', 'loss 2', 'loss 3'],
  ]);
  expect(backend.liveTensors).toBe(0);
});

it('ends a step whose next batch cannot be read before it says so', async () => {
  const { backend } = slowQueue(2);
  const steps: number[] = [];
  const onEvent = (event: LoopEvent): void => {
    if (event.kind === 'step') steps.push(event.step);
  };
  await expect(train(numbered(2), { backend, onEvent })).rejects.toThrow('batch 2 cannot be read');
  expect([steps, backend.liveTensors]).toEqual([[1, 2], 0]);
});

it('frees a batch that it has made ready and does not take', async () => {
  const { words, backend } = slowQueue();
  const stop = new AbortController();
  const onEvent = (event: LoopEvent): void => {
    if (event.kind === 'step') stop.abort();
  };
  const { finished } = await train(numbered(), { backend, onEvent, signal: stop.signal });
  expect([finished, words, backend.liveTensors]).toEqual([
    false,
    ['batch 0', 'batch 1', 'loss 0'],
    0,
  ]);
});
