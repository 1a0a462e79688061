import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Puts TensorFlow's C library under TensorFlow.js's own binding, where the package's download of
 * it fails or is too old (libtensorflow 2.9.1 predates current GPUs):
 *
 *     npm run tensorflow                     the CPU, about a minute and 1.5 GB
 *     npm run tensorflow -- --cuda           CUDA
 *     npm run tensorflow -- --folder DIR     into DIR in place of ./.tensorflow
 *
 * 1. installs `@tensorflow/tfjs-node` and `-gpu`, without their install scripts, and the headers of
 *    Node's C interface, as the lock in `tensorflow-packages` says, to the byte;
 * 2. takes the library and its headers from the Python wheel of TensorFlow, with pip, which refuses
 *    one of another digest; Python does not run it; for CUDA also NVIDIA's libraries of CUDA 12, which
 *    that wheel leaves to others, as `tensorflow-packages/cuda.txt` says, to the byte;
 * 3. compiles the package's two source files against them with g++;
 * 4. loads the result and multiplies two matrices, for CUDA on the GPU or not at all.
 */
const PACKAGES = join(import.meta.dirname, 'tensorflow-packages');
const TENSORFLOW = '2.21.0';
/** The wheel of one Python version serves every Node: only its libraries are used. */
const WHEEL_PYTHON = '3.11';
/** SHA-256 of the wheels, by package and machine. */
const WHEELS: Readonly<Record<string, string>> = {
  'tensorflow-cpu x86_64': '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  'tensorflow x86_64': '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  'tensorflow aarch64': '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
};

const { values } = parseArgs({
  options: {
    cuda: { type: 'boolean', default: false },
    folder: { type: 'string', default: '.tensorflow' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log('npm run tensorflow -- [--cuda] [--folder DIR]   see scripts/tensorflow.ts');
} else {
  install(resolve(values.folder), values.cuda);
}

function install(folder: string, cuda: boolean): void {
  if (process.platform !== 'linux') {
    fail(`TensorFlow's wheels have what is needed on Linux only, and this is ${process.platform}.`);
  }
  const name = cuda ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const wheels = join(folder, 'wheel');
  mkdirSync(wheels, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) {
    copyFileSync(join(PACKAGES, file), join(folder, file));
  }

  say('1/4 installing the packages of TensorFlow.js');
  const npm = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', [...npm, '--loglevel=error']);

  const library = join(wheels, 'tensorflow');
  if (!existsSync(join(library, 'libtensorflow_cc.so.2'))) {
    say(`2/4 taking libtensorflow ${TENSORFLOW} from its wheel`);
    fetchLibrary(wheels, cuda);
    if (cuda) fetchCuda(wheels);
  }

  say('3/4 compiling the binding');
  const home = join(folder, 'node_modules', name);
  compile(folder, home, library);

  say('4/4 trying it');
  const script = `
    process.env.TF_CPP_MIN_LOG_LEVEL = '2';
    const tf = require(${JSON.stringify(home)});
    const sum = tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])).sum().dataSync()[0];
    if (sum !== 64 ** 3) throw new Error('a product came out as ' + sum);
    if (${cuda} && !tf.backend().isUsingGpuDevice) {
      console.error('tensorflow: the product was computed on the CPU: TensorFlow finds no CUDA device, or not its libraries');
      process.exit(1);
    }
    console.log('libtensorflow', tf.backend().binding.TF_Version, 'multiplies, on the',
      tf.backend().isUsingGpuDevice ? 'GPU' : 'CPU');`;
  const node = Number(process.versions.node.split('.')[0]);
  const shim = node < 23 ? '' : `require('node:util').isNullOrUndefined = (x) => x == null;`;
  run(process.execPath, ['--eval', shim + script]);
  say(`done. Tell Lacuna where it is:\n\n    export LACUNA_TFJS=${folder}\n`);
}

/** Downloads the wheel and takes the two libraries and the C headers out of it. */
function fetchLibrary(folder: string, cuda: boolean): void {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  // There is no smaller wheel for the other machine's CPU.
  const name = cuda || machine === 'aarch64' ? 'tensorflow' : 'tensorflow-cpu';
  const pinned = join(folder, 'requirements.txt');
  writeFileSync(pinned, `${name}==${TENSORFLOW} --hash=sha256:${WHEELS[`${name} ${machine}`]}\n`);
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:'];
  const target = ['--python-version', WHEEL_PYTHON, '--platform', `manylinux_2_27_${machine}`];
  run('python3', [
    ...pip,
    '--require-hashes',
    ...target,
    '--dest',
    folder,
    '--requirement',
    pinned,
  ]);
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'));
  if (wheel === undefined) fail(`pip has downloaded no wheel to ${folder}.`);
  const unpack = [
    'import sys, zipfile',
    'archive = zipfile.ZipFile(sys.argv[1])',
    'def wanted(n):',
    '    library = n.startswith("tensorflow/libtensorflow_") and ".so" in n',
    '    return library or (n.startswith("tensorflow/include/") and n.endswith(".h")',
    '        and ("/tsl/" in n or "/tensorflow/c/" in n or "/core/platform/" in n))',
    'archive.extractall(sys.argv[2], [n for n in archive.namelist() if wanted(n)])',
  ].join('\n');
  run('python3', ['-c', unpack, join(folder, wheel), folder]);
  rmSync(join(folder, wheel));
}

/** Installs the libraries of CUDA 12 where the run path of the wheel's library looks for them. */
function fetchCuda(folder: string): void {
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:'];
  const pinned = ['--require-hashes', '--requirement', join(PACKAGES, 'cuda.txt')];
  run('python3', [...pip, '--target', folder, ...pinned]);
}

function compile(folder: string, home: string, library: string): void {
  const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
  const output = join(home, 'lib', 'napi-v8');
  mkdirSync(output, { recursive: true });
  const addon = join(output, 'tfjs_binding.node');
  const includes = [
    join(folder, 'node_modules/node-api-headers/include'),
    join(library, 'include'),
  ];
  run('g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...[...includes, home].flatMap((path) => ['-I', path]),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(home, 'binding', file)),
    ...['-o', addon],
    ...libraries.map((file) => join(library, file)),
    `-Wl,-rpath,${library}`,
  ]);
}

function run(command: string, options: readonly string[]): void {
  try {
    execFileSync(command, options, { stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    fail(code === 'ENOENT' ? `${command} is not installed.` : `${command} has failed (see above).`);
  }
}

function say(line: string): void {
  console.log(`tensorflow: ${line}`);
}

function fail(reason: string): never {
  console.error(`tensorflow: ${reason}`);
  process.exit(1);
}
