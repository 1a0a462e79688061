import type { AttributeSpec, FunctionSignature, TensorSpec } from './signature.js';

const integer = (text: string): AttributeSpec => ({ type: 'integer', text });
const number = (text: string): AttributeSpec => ({ type: 'number', text });

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
  'attn.k.weight': 'D D: Keys have no bias.',
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

function blocks(part: 'encoder' | 'decoder' | 'text'): Record<string, string> {
  return Object.fromEntries(
    Object.entries(BLOCK).map(([name, line]) => [
      `${part}.i.${name}`,
      part !== 'decoder' ? line : line.replaceAll('D', 'E').replaceAll('width', 'decoder_width'),
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
    inputs: [
      ...CLIPS,
      ...tensors(
        {
          'encoder.patch.weight': 'D P: P = 3 t p^2.',
          'encoder.patch.bias': 'D: ',
          'encoder.positions.place': '1 N/S D: Of each place; S = T / t slots.',
          'encoder.positions.slot': 'S 1 D: Of each slot.',
          'encoder.class': 'D: The class token, without a position.',
          'encoder.i.norm3.weight': 'D: Before attention over time.',
          'encoder.i.norm3.bias': 'D: ',
          ...attentionTensors('encoder.i.time', 'D'),
          ...blocks('encoder'),
          'encoder.i.attn.k.bias': 'D: Keys have a bias here.',
          'encoder.norm.weight': 'D: ',
          'encoder.norm.bias': 'D: ',
        },
        'float',
      ),
    ],
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
    attributes: Object.fromEntries(
      Object.entries(ENCODER).filter(([name]) => name !== 'tubelet' && name !== 'patch'),
    ),
    inputs: [
      ...tensors({ ids: 'B L: Token ids.', lengths: 'B: Tokens that are no padding.' }, 'i32'),
      ...tensors(
        {
          'text.tokens': 'V D: ',
          'text.positions': 'R D: Of the first L places; R is at least L.',
          'text.segments': '2 D: The first is added to every token.',
          'text.embed.norm.weight': 'D: ',
          'text.embed.norm.bias': 'D: ',
          ...blocks('text'),
          'text.i.attn.k.bias': 'D: Keys have a bias here.',
        },
        'float',
      ),
    ],
    outputs: tensors({ embedding: 'B D: ' }, 'float'),
    details: [
      'Token = embed.norm(tokens[id] + positions[place] + segments[0]). Then block i = 0 ... depth - 1: x = norm1(x + proj(attention(x))); x = norm2(x + fc2(gelu(fc1(x)))). The result is token 0; there is no norm at the end.',
      'Norms, GELU and heads as in model.forward; no token meets one at a place of its length or above.',
    ],
  },
  {
    function: 'step',
    text: 'One step of reconstruction: losses, gradients of all parameters, and their update.',
    clauses: ['step.gradients', 'step.update'],
    attributes: {
      ...ENCODER,
      decoder_width: integer('E'),
      decoder_depth: integer('Its blocks.'),
      decoder_heads: integer('Its heads.'),
      beta1: number('b1'),
      beta2: number('b2'),
      eps: number('Of AdamW.'),
      weight_decay: number('wd of parameters with two axes; others have none.'),
    },
    inputs: [
      ...encoderInputs('float'),
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
          'adamw.m.*': '...: The first moment of each parameter, by its name.',
          'adamw.v.*': '...: The second moment.',
          'schedule.lr': ': The learning rate.',
          'schedule.correction1': ': 1 - b1^t',
          'schedule.correction2': ': 1 - b2^t',
        },
        'float',
      ),
    ],
    outputs: tensors(
      {
        loss: ': ',
        'loss.mae': ': The same: there is no other objective.',
        'grad.*': '...: The gradient of each parameter, by its name.',
        'encoder.*': '...: Each parameter after the update.',
        'decoder.*': '...: ',
        'adamw.m.*': '...: ',
        'adamw.v.*': '...: ',
      },
      'float',
    ),
    details: [
      'In f32, losses and gradients are judged by how far right runs in f32 lie apart; in f64 by bounds. The update is judged from the gradients that are handed out, in either.',
      "The encoder as in model.forward. Its tokens through decoder.embed (no bias); in front those of the visible tokens plus their positions, after them decoder.mask plus the positions of the masked ones; the decoder's blocks; of its last M tokens norm and head are the prediction. Both have the same mlp_ratio and norm_eps.",
      'Targets: target.cube of the masked cubes. Loss: loss.mae. Update: optim.adamw of each parameter, at lr_scale 1; tables of positions are no parameters.',
    ],
  },
];
