import { DIRECTIONS } from '../../spec/index.js';
import { PROJECTION_KINDS } from '../../spec/model/projection.js';
import type { AttributeSpec, FunctionSignature, TensorSpec } from './signature.js';

const integer = (text: string): AttributeSpec => ({ type: 'integer', text });
const number = (text: string): AttributeSpec => ({ type: 'number', text });
const choice = (choices: readonly string[], text: string): AttributeSpec => ({
  type: 'choice',
  choices,
  text,
});

const ENCODER = {
  tubelet: integer('t, frames of a cube.'),
  patch: integer('p, rows and columns of pixels of a cube.'),
  width: integer('D, numbers of a token.'),
  depth: integer('The number of blocks.'),
  heads: integer('h; D / h numbers a head.'),
  mlp_ratio: number('The hidden width of the MLP over D.'),
  norm_eps: number('eps of the layer norms, under the root.'),
};

function tensors(list: Readonly<Record<string, string>>, dtype: TensorSpec['dtype']): TensorSpec[] {
  return Object.entries(list).map(([name, line]) => {
    const [shape = '', ...text] = line.split(/: ?/);
    return { name, dtype, shape: shape === '' ? [] : shape.split(' '), text: text.join(': ') };
  });
}

/** Names of parameters after a prefix, with the shapes for width D and hidden width H. */
const BLOCK = {
  'norm1.weight': 'D: ',
  'norm1.bias': 'D: ',
  'attn.q.weight': 'D D: Rows are outputs, as in PyTorch: y = x W^T + b.',
  'attn.q.bias': 'D: ',
  'attn.k.weight': 'D D: ',
  'attn.v.weight': 'D D: ',
  'attn.v.bias': 'D: ',
  'attn.proj.weight': 'D D: ',
  'attn.proj.bias': 'D: ',
  'norm2.weight': 'D: ',
  'norm2.bias': 'D: ',
  'mlp.fc1.weight': 'H D: H = round(mlp_ratio D).',
  'mlp.fc1.bias': 'H: ',
  'mlp.fc2.weight': 'D H: ',
  'mlp.fc2.bias': 'D: ',
};

/** An attention layer whose keys have a bias. */
function attentionTensors(name: string, width: string): Record<string, string> {
  return Object.fromEntries(
    ['q', 'k', 'v', 'proj'].flatMap((part): [string, string][] => [
      [`${name}.${part}.weight`, `${width} ${width}: `],
      [`${name}.${part}.bias`, `${width}: `],
    ]),
  );
}

/** The parameters of the blocks of a part, whose keys have no bias, or have one. */
function blocks(
  part: 'encoder' | 'decoder' | 'text',
  keys: 'no bias' | 'bias' = 'no bias',
): Record<string, string> {
  const list = Object.entries(BLOCK).flatMap(([name, line]): [string, string][] => {
    if (name !== 'attn.k.weight') return [[name, line]];
    return keys === 'no bias'
      ? [[name, `${line}Keys have no bias.`]]
      : [
          [name, line],
          ['attn.k.bias', 'D: '],
        ];
  });
  return Object.fromEntries(
    list.map(([name, line]) => [
      `${part}.i.${name}`,
      part === 'decoder' ? line.replaceAll('D', 'E') : line,
    ]),
  );
}

const CLIPS: readonly TensorSpec[] = [
  ...tensors({ frames: 'B T H H 3: Pixels, channel last.' }, 'u8'),
  ...tensors({ visible: 'B K: Visible tokens of each clip, ascending.' }, 'i32'),
];

function encoderInputs(dtype: TensorSpec['dtype']): TensorSpec[] {
  return [
    ...CLIPS,
    ...tensors(
      {
        'encoder.patch.weight': 'D P: P = 3 t p^2.',
        'encoder.patch.bias': 'D: ',
        'encoder.positions':
          'N D: The table of positions: an input, so that no port needs its sines.',
        ...blocks('encoder'),
        'encoder.norm.weight': 'D: ',
        'encoder.norm.bias': 'D: ',
      },
      dtype,
    ),
  ];
}

/** What space-time attention's encoder reads beside the clips. */
const SPACE_TIME: readonly TensorSpec[] = tensors(
  {
    'encoder.patch.weight': 'D P: P = 3 t p^2.',
    'encoder.patch.bias': 'D: ',
    'encoder.positions.place': '1 N/S D: Of each place; S = T / t slots.',
    'encoder.positions.slot': 'S 1 D: Of each slot.',
    'encoder.class': 'D: The class token, without a position.',
    'encoder.i.norm3.weight': 'D: Before attention over time.',
    'encoder.i.norm3.bias': 'D: ',
    ...attentionTensors('encoder.i.time', 'D'),
    ...blocks('encoder', 'bias'),
    'encoder.norm.weight': 'D: ',
    'encoder.norm.bias': 'D: ',
  },
  'float',
);

const TEXT: readonly TensorSpec[] = tensors(
  {
    'text.tokens': 'V D: ',
    'text.positions': 'R D: Of the first L places; R is at least L.',
    'text.segments': '2 D: The first is added to every token.',
    'text.embed.norm.weight': 'D: ',
    'text.embed.norm.bias': 'D: ',
    ...blocks('text', 'bias'),
  },
  'float',
);

const TEXT_ATTRIBUTES = Object.fromEntries(
  Object.entries(ENCODER).filter(([name]) => name !== 'tubelet' && name !== 'patch'),
);

const OPTIMIZER = {
  beta1: number('b1'),
  beta2: number('b2'),
  eps: number('Of AdamW.'),
  weight_decay: number('wd of parameters with two axes; others have none.'),
};

const DECODER = {
  decoder_width: integer('E'),
  decoder_depth: integer('Its blocks.'),
  decoder_heads: integer('Its heads.'),
};

const DECODER_INPUTS: readonly TensorSpec[] = [
  ...tensors({ masked: 'B M: The other tokens of each clip, ascending.' }, 'i32'),
  ...tensors(
    {
      'decoder.embed.weight': 'E D: ',
      'decoder.positions': 'N E: As for the encoder.',
      'decoder.mask': 'E: Stands for each masked token.',
      ...blocks('decoder'),
      'decoder.norm.weight': 'E: ',
      'decoder.norm.bias': 'E: ',
      'decoder.head.weight': 'P E: ',
      'decoder.head.bias': 'P: ',
    },
    'float',
  ),
];

const OPTIMIZER_INPUTS: readonly TensorSpec[] = tensors(
  {
    'adamw.m.*':
      '...: The first moment of each parameter, by its name: what has moments is a parameter.',
    'adamw.v.*': '...: The second moment.',
    'schedule.lr': ': The learning rate.',
    'schedule.correction1': ': 1 - b1^t',
    'schedule.correction2': ': 1 - b2^t',
  },
  'float',
);

/** The results of a step with parameters under these names. */
function stepOutputs(losses: Record<string, string>, parts: readonly string[]): TensorSpec[] {
  const parameters = parts.map((part, i): [string, string] => [
    `${part}.*`,
    i === 0 ? '...: Each parameter after the update.' : '...: ',
  ]);
  return tensors(
    {
      loss: ': ',
      ...losses,
      'grad.*': '...: The gradient of each parameter, by its name.',
      ...Object.fromEntries(parameters),
      'adamw.m.*': '...: ',
      'adamw.v.*': '...: ',
    },
    'float',
  );
}

const JUDGED =
  'In f32, losses and gradients are judged by how far right runs in f32 lie apart; in f64 by bounds. The update is judged from the gradients that are handed out, in either.';

const FORWARD = [
  'Cubes of the frames as patchify has them; of each clip the visible ones; x = pixel / 255, then (x - mean) / std of the channel: mean 0.485, 0.456, 0.406, std 0.229, 0.224, 0.225.',
  'Token = cube W^T + b + positions[index]. Then block i = 0 ... depth - 1: x += proj(attention(norm1(x))); x += fc2(gelu(fc1(norm2(x)))); and norm at the end.',
  'Attention of head j takes numbers j D/h ... (j + 1) D/h - 1 of q, k, v: softmax(q k^T / sqrt(D/h)) v; heads are put side by side again. GELU is exact: x (1 + erf(x / sqrt 2)) / 2. Norms have the biased variance.',
];

/** The functions that need a whole model. */
export const MODEL_SIGNATURES: readonly FunctionSignature[] = [
  {
    function: 'model.forward',
    text: 'The encoder on the visible cubes of clips.',
    clauses: ['model.forward'],
    attributes: ENCODER,
    inputs: encoderInputs('float'),
    outputs: tensors({ encoded: 'B K D: ' }, 'float'),
    details: [...FORWARD, 'Names with i stand for those of block i: encoder.0.norm1.weight, ...'],
  },
  {
    function: 'model.space_time',
    text: 'The encoder with a class token and divided attention, on the same visible places of every slot.',
    clauses: ['model.space_time'],
    attributes: ENCODER,
    inputs: [...CLIPS, ...SPACE_TIME],
    outputs: tensors({ encoded: 'B 1+K D: The class token first.' }, 'float'),
    details: [
      'Pixels, norms, GELU and heads as in model.forward; token = cube W^T + b + place[index mod N/S] + slot[floor(index / (N/S))], with the class token in front of the K of a clip. Token j = 0 ... K - 1 is visible place j mod K/S of slot floor(j / (K/S)): the same places in every slot.',
      'Block: a = x + time(norm3(x)); x += attn(norm1(a)), where x is the tokens before time; x += fc2(gelu(fc1(norm2(x)))); and norm at the end.',
      'In time a token meets the class token and those of its j mod K/S; in attn the class token and those of its slot; the class token meets all tokens in both.',
    ],
  },
  {
    function: 'model.text',
    text: 'A text encoder with norms after attention and MLP: the first token of each caption.',
    clauses: ['model.text'],
    attributes: TEXT_ATTRIBUTES,
    inputs: [
      ...tensors({ ids: 'B L: Token ids.', lengths: 'B: Tokens that are no padding.' }, 'i32'),
      ...TEXT,
    ],
    outputs: tensors({ embedding: 'B D: ' }, 'float'),
    details: [
      'Token = embed.norm(tokens[id] + positions[place] + segments[0]). Then block i = 0 ... depth - 1: x = norm1(x + proj(attention(x))); x = norm2(x + fc2(gelu(fc1(x)))). The result is token 0; there is no norm at the end.',
      'Norms, GELU and heads as in model.forward; no token meets one at a place of its length or above.',
    ],
  },
  {
    function: 'model.text_causal',
    text: 'A text encoder in which a token meets none after it: the last token of each caption.',
    clauses: ['model.text_causal'],
    attributes: TEXT_ATTRIBUTES,
    inputs: [
      ...tensors({ ids: 'B L: Token ids.', lengths: 'B: Tokens that are no padding.' }, 'i32'),
      ...tensors(
        {
          'text.tokens': 'V D: ',
          'text.positions': 'R D: Of the first L places; R is at least L.',
          ...blocks('text', 'bias'),
          'text.norm.weight': 'D: ',
          'text.norm.bias': 'D: ',
        },
        'float',
      ),
    ],
    outputs: tensors({ embedding: 'B D: ' }, 'float'),
    details: [
      'Token = tokens[id] + positions[place]. Blocks with norms before, as those of model.forward, in which a token meets itself and those before it. The result is norm of the token at place length - 1.',
      'Norms and heads as in model.forward; in place of GELU quick GELU: x / (1 + e^(-1.702 x)), which is x (1 + tanh(0.851 x)) / 2.',
    ],
  },
  {
    function: 'model.projection',
    text: 'The head before the contrastive loss: embeddings of length 1.',
    clauses: ['model.projection'],
    attributes: {
      kind: choice(PROJECTION_KINDS, 'Which layers.'),
      mode: choice(['train', 'evaluate'], 'Whose statistics the batch norm has.'),
    },
    inputs: tensors(
      {
        x: 'B D: ',
        'projection.fc1.weight': 'H D: Of mlp and mlp-bn.',
        'projection.fc1.bias': 'H: Of mlp.',
        'projection.norm.weight': 'H: This and the next three: of mlp-bn.',
        'projection.norm.bias': 'H: ',
        'projection.norm.running_mean': 'H: ',
        'projection.norm.running_variance': 'H: ',
        'projection.fc2.weight': 'W H: Not of none. H = D where there is no fc1.',
        'projection.fc2.bias': 'W: Not of none.',
      },
      'float',
    ),
    outputs: tensors(
      {
        embedding: 'B W: Rows y / sqrt(max(sum y^2, 1e-24)).',
        'projection.norm.running_mean':
          'H: This and the next: of mlp-bn in mode train alone; the next statistics.',
        'projection.norm.running_variance': 'H: ',
      },
      'float',
    ),
    details: [
      'none: y = x. linear: y = fc2(x). relu-linear: y = fc2(relu(x)). mlp: y = fc2(relu(fc1(x))). mlp-bn: y = fc2(relu(norm(fc1(x)))), where fc1 has no bias. fc(x) = x W^T + b.',
      'norm(x) = (x - mean) / sqrt(var + 1e-5) weight + bias, of each column. train: mean and var are those of the B rows, var divided by B; evaluate: the running ones.',
      'Next statistics: 0.9 running_mean + 0.1 mean; 0.9 running_variance + 0.1 var B / (B - 1).',
    ],
  },
  {
    function: 'step',
    text: 'One step of reconstruction: losses, gradients of all parameters, and their update.',
    clauses: ['step.gradients', 'step.update'],
    attributes: { ...ENCODER, ...DECODER, ...OPTIMIZER },
    inputs: [...encoderInputs('float'), ...DECODER_INPUTS, ...OPTIMIZER_INPUTS],
    outputs: stepOutputs({ 'loss.mae': ': The same: there is no other objective.' }, [
      'encoder',
      'decoder',
    ]),
    details: [
      JUDGED,
      "The encoder as in model.forward. Its tokens through decoder.embed (no bias); in front those of the visible tokens plus their positions, after them decoder.mask plus the positions of the masked ones; the decoder's blocks; of its last M tokens norm and head are the prediction. Both have the same mlp_ratio and norm_eps.",
      'Targets: target.cube of the masked cubes. Loss: loss.mae. Update: optim.adamw of each parameter, with lr_scale 1; tables of positions are no parameters.',
    ],
  },
  {
    function: 'step.contrastive',
    text: 'One step of alignment, as MAC: losses, gradients of all parameters, and their update.',
    clauses: ['step.gradients', 'step.update'],
    attributes: {
      ...ENCODER,
      text_width: integer("D of the text encoder, D' below; mlp_ratio is that of both."),
      text_depth: integer('Its blocks.'),
      text_heads: integer('Its heads.'),
      text_norm_eps: number('eps of its norms.'),
      temperature: number('tau, fixed.'),
      directions: choice(DIRECTIONS, 'As for loss.infonce.'),
      ...OPTIMIZER,
    },
    inputs: [
      ...CLIPS,
      ...tensors(
        { 'text.ids': 'B L: Token ids.', 'text.lengths': 'B: Tokens that are no padding.' },
        'i32',
      ),
      ...SPACE_TIME,
      ...TEXT,
      ...tensors(
        {
          'projection.video.fc2.weight': 'W D: ',
          'projection.video.fc2.bias': 'W: ',
          'projection.text.fc2.weight': "W D': ",
          'projection.text.fc2.bias': 'W: ',
        },
        'float',
      ),
      ...OPTIMIZER_INPUTS,
    ],
    outputs: stepOutputs({ 'loss.contrastive': ': The same.' }, ['encoder', 'text', 'projection']),
    details: [
      JUDGED,
      'Clips through model.space_time; its class token through model.projection of kind linear. Captions through model.text; through model.projection of kind relu-linear. Loss: loss.infonce of the two, whose rows have length 1 already, with 1 / tau for exp(log_scale).',
      'Update: optim.adamw of each parameter, the tables of text and positions among them, with lr_scale 1. Parameters of two axes decay, the tables text.tokens and text.segments among them; no positions do (text.positions, encoder.positions.place and .slot), however many axes they have.',
    ],
  },
  {
    function: 'step.joint',
    text: 'One step of reconstruction and alignment on the same encoder pass, as TGM: losses, gradients of all parameters, and their update.',
    clauses: ['step.gradients', 'step.update'],
    attributes: {
      ...ENCODER,
      ...DECODER,
      mae_weight: number('The factor of loss.mae in the loss.'),
      contrastive_weight: number('The factor of loss.contrastive.'),
      directions: choice(DIRECTIONS, 'As for loss.infonce.'),
      log_scale_limit: number('The largest log_scale after an update.'),
      ...OPTIMIZER,
    },
    inputs: [
      ...encoderInputs('float'),
      ...DECODER_INPUTS,
      ...tensors(
        {
          'text.embedding': "B W: A frozen teacher's embeddings of the captions.",
          'projection.video.fc1.weight': 'D D: ',
          'projection.video.norm.weight': 'D: ',
          'projection.video.norm.bias': 'D: ',
          'projection.video.norm.running_mean': 'D: ',
          'projection.video.norm.running_variance': 'D: ',
          'projection.video.fc2.weight': 'W D: ',
          'projection.video.fc2.bias': 'W: ',
          'temperature.log_scale': ': log(1 / tau), a parameter.',
        },
        'float',
      ),
      ...OPTIMIZER_INPUTS,
    ],
    outputs: [
      ...stepOutputs(
        { 'loss.mae': ': Without its weight.', 'loss.contrastive': ': Without its weight.' },
        ['encoder', 'decoder', 'projection', 'temperature'],
      ),
    ],
    details: [
      JUDGED,
      'Reconstruction as in step. The mean of the K encoded tokens of a clip through model.projection of kind mlp-bn in mode train; text.embedding through that of kind none. loss.contrastive: loss.infonce of the two, whose rows have length 1 already. loss = mae_weight loss.mae + contrastive_weight loss.contrastive.',
      'Update as in step; log_scale is then cut to [0, log_scale_limit]. The next statistics are results, too: they are no parameters, and have neither gradient nor moments.',
    ],
  },
];
