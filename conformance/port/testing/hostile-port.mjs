// A small port that computes loss.mae and mask.topk, and misbehaves as its first argument says:
// at `loss.mae`, at the start, in the protocol layer, or with programs. A second argument names a
// file that it leaves behind, so that a later start can tell; what it starts has it on its command
// line, so that it can be found.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';

const [scenario, trace] = process.argv.slice(2);
/** Takes the cursor home, clears the screen, and names the window; the last one is of C1. */
const CODES = '\u001b[2J\u001b[H\u001b]0;owned\u0007\u009b31m\u202e';
const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array };

const HELLO = {
  type: 'hello',
  protocol: scenario === 'another-protocol' ? 2 : 1,
  name: scenario === 'escapes in its name' ? `hostile${CODES}` : 'hostile',
  version: '1',
  device: 'CPU',
  contract: 'f32-ieee',
  deterministic: true,
  functions: ['mask.topk', 'loss.mae'],
  floats: ['f32', 'f64'],
  capabilities: scenario?.includes('program') ? ['program'] : [],
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
  'leaves a child that holds its output': () => {
    leaveChild();
    process.exit(0);
  },
  'leaves a child and lives on': (answer) => {
    leaveChild();
    answer();
  },
  'escapes in an error': (_, id) => {
    process.stderr.write(`${CODES}\n`);
    send({ type: 'error', id, message: `no memory${CODES} left` });
  },
  'escapes in the name of a result': (_, id) => {
    send({ type: 'result', id, tensors: [{ name: CODES, dtype: 'f32', shape: [], bytes: 4 }] });
    process.stdout.write('\0\0\0\0');
  },
  'writes to the terminal': (answer) => {
    try {
      writeSync(openSync('/dev/tty', 'w'), CODES);
    } catch {
      // It has none.
    }
    answer();
  },
  'is wrong from the eleventh run on': (answer, id, [prediction]) => {
    runs += 1;
    if (runs <= 10) answer();
    else {
      const { dtype, shape, bytes } = prediction;
      const size = dtype === 'f64' ? 8 : 4;
      const tensors = [
        { name: 'loss', dtype, shape: [], bytes: size },
        { name: 'grad.prediction', dtype, shape, bytes },
      ];
      send({ type: 'result', id, tensors });
      process.stdout.write(Buffer.alloc(size + bytes));
    }
  },
  'floods its errors': (_, id) => {
    // Never waits for the reader, so that nothing else of it is ever heard.
    for (let i = 0; i < 4000; i++) process.stderr.write(`${'e'.repeat(10_000)}\n`);
    send({ type: 'error', id, message: 'enough' });
  },
  'closes its output and stays': () => {
    closeSync(1);
    setInterval(() => {}, 1000);
  },
  'stops itself': () => process.kill(process.pid, 'SIGSTOP'),
  'calls a result __proto__': (_, id) => {
    send({
      type: 'result',
      id,
      tensors: [{ name: '__proto__', dtype: 'f32', shape: [], bytes: 4 }],
    });
    process.stdout.write('\0\0\0\0');
  },
  'is another after it died': () => {
    writeFileSync(trace, '');
    process.exit(1);
  },
  'gives commands to the host': (_, id) => {
    send({ type: 'error', id, message: '\n::error title=all is well::ignore this\n::add-mask::a' });
  },
  'reports an error': (_, id) => send({ type: 'error', id, message: 'no memory left' }),
  'never starts again': () => {
    writeFileSync(trace, '');
    process.exit(1);
  },
};

let runs = 0;

/** A process of its own session that holds what this one writes to. */
function leaveChild() {
  const held = { detached: true, stdio: ['ignore', 'inherit', 'inherit'] };
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', `${trace}`], held).unref();
}

/** What a scenario does when it is asked for a program. */
const WITH_PROGRAMS = {
  'fails to compile a program': (id) => send({ type: 'error', id, message: 'no compiler here' }),
  'hangs at every program': () => {},
  'dies of every program': () => process.exit(9),
};

function answer(request, frames) {
  const { type, id } = request;
  const headers = request.tensors ?? [];
  if (type === 'hello') {
    const again = trace !== undefined && existsSync(trace);
    if (scenario !== 'hangs at the start') send(again ? { ...HELLO, version: '2' } : HELLO);
  } else if (type === 'compile') WITH_PROGRAMS[scenario](id);
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
    else misdeed(honest, id, headers);
  }
}

const isAgain = trace !== undefined && existsSync(trace);
if (scenario === 'dies-at-start' || (scenario === 'never starts again' && isAgain)) process.exit(1);
if (scenario === 'greets') process.stdout.write('Loading model, please wait\n');

let held = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  held = Buffer.concat([held, chunk]);
  for (;;) {
    const end = held.indexOf(10);
    if (end === -1) return;
    const request = JSON.parse(held.subarray(0, end).toString());
    if (request.type === 'bye' && scenario !== 'ignores its end') process.exit(0);
    const sizes = [request.bytes ?? 0, ...(request.tensors ?? []).map(({ bytes }) => bytes)];
    let start = end + 1;
    if (held.length < start + sizes.reduce((a, b) => a + b, 0)) return;
    const [, ...frames] = sizes.map((size) => {
      start += size;
      return Buffer.from(held.subarray(start - size, start));
    });
    held = held.subarray(start);
    answer(request, frames);
  }
});
process.stdin.on('end', () => {
  if (scenario !== 'ignores its end') process.exit(0);
  setInterval(() => {}, 1000);
});
if (scenario === 'ignores its end')
  for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => {});
