// A small port that computes loss.mae and mask.topk, and misbehaves as its first argument says:
// at `loss.mae`, at the start, or in the protocol layer. A second argument names a file that it
// leaves behind, so that a later start can tell.

import { existsSync, writeFileSync } from 'node:fs';

const [scenario, trace] = process.argv.slice(2);
const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array };

const HELLO = {
  type: 'hello',
  protocol: scenario === 'another-protocol' ? 2 : 1,
  name: 'hostile',
  version: '1',
  device: 'CPU',
  contract: 'f32-ieee',
  deterministic: true,
  functions: ['mask.topk', 'loss.mae'],
  floats: ['f32', 'f64'],
  capabilities: [],
  claims: [],
};

const FUNCTIONS = {
  'mask.topk': ({ map }, { slots, rows, columns, ratio, rounding }) => {
    const places = rows * columns;
    const kept = Math.floor(places * (1 - ratio));
    const least = rounding === 'floor-visible' ? kept : Math.max(1, kept);
    const count =
      ratio === 0 ? 0 : rounding === 'floor-masked' ? Math.floor(ratio * places) : places - least;
    const lists = { visible: [], masked: [] };
    for (let slot = 0; slot < slots; slot++) {
      const tokens = Array.from({ length: places }, (_, i) => slot * places + i);
      const best = [...tokens].sort((a, b) => map[b] - map[a] || a - b).slice(0, count);
      for (const token of tokens) lists[best.includes(token) ? 'masked' : 'visible'].push(token);
    }
    return [
      tensor('visible', Int32Array.from(lists.visible)),
      tensor('masked', Int32Array.from(lists.masked)),
      tensor('counts', Int32Array.of(lists.visible.length, lists.masked.length)),
    ];
  },
  'loss.mae': ({ prediction, target }, _, shapes) => {
    const difference = prediction.map((value, i) => value - target[i]);
    const loss = difference.reduce((sum, value) => sum + value * value, 0) / difference.length;
    const gradient = difference.map((value) => (2 / difference.length) * value);
    const Real = prediction.constructor;
    return [
      tensor('loss', Real.of(loss), []),
      tensor('grad.prediction', Real.from(gradient), shapes.prediction),
    ];
  },
};

function tensor(name, data, shape = [data.length]) {
  const dtype = data instanceof Int32Array ? 'i32' : data instanceof Float64Array ? 'f64' : 'f32';
  return { header: { name, dtype, shape, bytes: data.byteLength }, data };
}

function send(message, tensors = []) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
  for (const { data } of tensors) {
    process.stdout.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}

/** What a scenario does in place of an honest answer; nothing where it answers itself. */
const MISDEEDS = {
  dies: () => {
    process.stderr.write('out of luck\n');
    process.exit(3);
  },
  'is killed': () => process.kill(process.pid, 'SIGKILL'),
  hangs: () => {},
  'prints garbage': () => process.stdout.write('Segmentation fault, sort of\n'),
  'floods its output': () => process.stdout.write('x'.repeat(3 << 20)),
  'speaks unasked': (answer) => {
    // In one piece: what comes later may be found with the next answer only.
    process.stdout.cork();
    answer();
    process.stdout.write('done!\n');
    process.stdout.uncork();
  },
  'sends half a frame': (_, id) => {
    const header = { name: 'loss', dtype: 'f32', shape: [], bytes: 4 };
    process.stdout.write(`${JSON.stringify({ type: 'result', id, tensors: [header] })}\n\0\0`);
  },
  'claims a giant frame': (_, id) => {
    const header = { name: 'loss', dtype: 'f32', shape: [2 ** 28], bytes: 2 ** 30 };
    send({ type: 'result', id, tensors: [header] });
  },
  'claims bytes that fit no shape': (_, id) => {
    send({ type: 'result', id, tensors: [{ name: 'loss', dtype: 'f32', shape: [3], bytes: 4 }] });
  },
  'answers in another type': (_, id) => {
    const wrong = tensor('loss', Float64Array.of(0), []);
    send({ type: 'result', id, tensors: [wrong.header] }, [wrong]);
  },
  'answers in another shape': (_, id) => {
    const wrong = tensor('loss', Float32Array.of(0), [1]);
    send({ type: 'result', id, tensors: [wrong.header] }, [wrong]);
  },
  'leaves a result out': (_, id) => send({ type: 'result', id, tensors: [] }),
  'adds a result': (_, id) => {
    const stray = tensor('accuracy', Float32Array.of(1), []);
    send({ type: 'result', id, tensors: [stray.header] }, [stray]);
  },
  'answers another request': (_, id) => send({ type: 'result', id: id + 1, tensors: [] }),
  'adds a field': (_, id) => send({ type: 'result', id, tensors: [], note: 'fine' }),
  'reports an error': (_, id) => send({ type: 'error', id, message: 'no memory left' }),
  'never starts again': () => {
    writeFileSync(trace, '');
    process.exit(1);
  },
};

function answer(request, frames) {
  const { type, id } = request;
  const headers = request.tensors ?? [];
  if (type === 'hello') send(HELLO);
  else if (type === 'raise' && scenario === 'swallows-errors')
    send({ type: 'result', id, tensors: [] });
  else if (type === 'raise') send({ type: 'error', id, message: request.message });
  else if (type === 'echo') {
    if (scenario === 'swaps-bytes') for (const frame of frames) frame.reverse();
    send({ type: 'result', id, tensors: headers });
    for (const frame of frames) process.stdout.write(frame);
  } else if (FUNCTIONS[request.function] === undefined) {
    send({ type: 'unsupported', id, reason: 'no such function' });
  } else {
    const inputs = {};
    const shapes = {};
    headers.forEach(({ name, dtype, shape }, i) => {
      inputs[name] = new ARRAYS[dtype](Uint8Array.from(frames[i]).buffer);
      shapes[name] = shape;
    });
    const honest = () => {
      const results = FUNCTIONS[request.function](inputs, request.attributes, shapes);
      send({ type: 'result', id, tensors: results.map(({ header }) => header) }, results);
    };
    const misdeed = request.function === 'loss.mae' ? MISDEEDS[scenario] : undefined;
    if (misdeed === undefined) honest();
    else misdeed(honest, id);
  }
}

if (scenario === 'dies-at-start' || (trace !== undefined && existsSync(trace))) process.exit(1);
if (scenario === 'greets') process.stdout.write('Loading model, please wait\n');

let held = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  held = Buffer.concat([held, chunk]);
  for (;;) {
    const end = held.indexOf(10);
    if (end === -1) return;
    const request = JSON.parse(held.subarray(0, end).toString());
    if (request.type === 'bye') process.exit(0);
    const sizes = (request.tensors ?? []).map(({ bytes }) => bytes);
    let start = end + 1;
    if (held.length < start + sizes.reduce((a, b) => a + b, 0)) return;
    const frames = sizes.map((size) => {
      start += size;
      return Buffer.from(held.subarray(start - size, start));
    });
    held = held.subarray(start);
    answer(request, frames);
  }
});
process.stdin.on('end', () => process.exit(0));
