import fc from 'fast-check';
import { patchify, videoEncoder } from '../../spec/index.js';
import { ModelBuilder } from '../../spec/model/state.js';
import { NORM_EPS } from '../../spec/model/transformer.js';
import { type Case, type Family, family, functionCase } from '../case.js';
import { stepInputs, TINY_MAE } from '../steps/tiny-step.js';

interface ForwardDrawn {
  readonly batch: number;
  readonly visible: number;
  readonly depth: number;
  /** Width and heads. */
  readonly size: readonly number[];
  readonly draw: number;
}

/** The encoder on the visible cubes of tiny clips: everything that it reads is an input. */
function forwardCase({ batch, visible: count, depth, size, draw }: ForwardDrawn): Case {
  const [width = 0, heads = 0] = size;
  const { video } = TINY_MAE;
  const config = { width, depth, heads, mlpRatio: 2 };
  const model = new ModelBuilder('model_forward');
  const shape = [batch, video.frames, video.size, video.size, 3];
  const frames = model.program.input('frames', 'u8', shape, 'data');
  const visible = model.program.input('visible', 'i32', [batch, count], 'data');
  const encoded = videoEncoder(model, patchify(frames, video), visible, video, config);
  model.program.output('encoded', encoded);
  const { program, state } = model.finish();
  const runs = [0, 1].map((run) =>
    stepInputs(program, state, { batch, visible: count, draw, run }),
  );
  const { tubelet, patch } = video;
  const attributes = { tubelet, patch, width, depth, heads, mlp_ratio: 2, norm_eps: NORM_EPS };
  return functionCase({ program, runs }, { function: 'model.forward', attributes });
}

export const FORWARD_FAMILIES: readonly Family[] = [
  family(
    'function/model.forward',
    fc.record({
      batch: fc.constantFrom(1, 2),
      visible: fc.constantFrom(1, 3, 8),
      depth: fc.constantFrom(1, 2),
      size: fc.constantFrom([6, 2], [4, 1], [8, 4]),
      draw: fc.nat({ max: 0xffff_ffff }),
    }),
    forwardCase,
    {
      level: 3,
      clauses: ['model.forward'],
      exemption: {
        judged: 0.95,
        judgedOfRoundedFactors: 0.2,
        reason:
          'the worst case of rounded factors in product after product is wider than the results; ' +
          'the checks of steps judge them by legal runs',
      },
    },
  ),
];
