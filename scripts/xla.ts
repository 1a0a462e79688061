import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Makes the environment of Python that `--backend xla` runs in:
 *
 *     npm run xla                     the CPU: half a minute and 500 MB
 *     npm run xla -- --cuda           NVIDIA GPUs, with the libraries of CUDA 13 (driver 580 or later)
 *     npm run xla -- --tpu            TPUs
 *     npm run xla -- --folder DIR     into DIR in place of ./.xla
 *     npm run xla -- --cuda --compile-only    for a machine without the device: `lacuna plan --target`
 *
 * 1. makes a virtual environment with `python3` (3.11 to 3.13), or with the one that `--python` names;
 * 2. installs JAX into it by pip, which refuses a wheel of another digest than `python-packages` has;
 * 3. multiplies two matrices, on the device or not at all; with `--compile-only` compiles a product for the device.
 */
const PACKAGES = join(import.meta.dirname, 'python-packages');
const SOURCES = join(import.meta.dirname, '..', 'backends', 'xla', 'python');

/** What is installed for a device: what compiles for it comes first, with JAX. */
const LISTS = {
  cpu: ['xla'],
  cuda: ['xla', 'xla-cuda-compile', 'xla-cuda'],
  tpu: ['xla', 'xla-tpu'],
} as const;
/** What a product is compiled for where nothing can run. */
const TARGET = { cpu: 'cpux2', cuda: 'h100x2', tpu: 'v5ex4' } as const;
const PRODUCT = `lacuna program 1
name product
input %x : f32[8,8] data
%y = matmul %x, %x {transpose_a=false, transpose_b=false} : f32[8,8]
output y = %y
end
`;

const { values } = parseArgs({
  options: {
    cuda: { type: 'boolean', default: false },
    tpu: { type: 'boolean', default: false },
    'compile-only': { type: 'boolean', default: false },
    folder: { type: 'string', default: '.xla' },
    python: { type: 'string', default: 'python3' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(`npm run xla -- [--cuda | --tpu] [--compile-only] [--folder DIR] [--python PYTHON]

Makes the environment of Python that --backend xla runs in (see scripts/xla.ts).

Examples:
  npm run xla
  npm run xla -- --cuda --folder .xla-cuda
  npm run xla -- --cuda --compile-only --folder .xla-cuda   # no GPU here: lacuna plan --target h100x8
  npm run xla -- --python python3.12`);
} else {
  install(resolve(values.folder));
}

function install(folder: string): void {
  const device = values.cuda ? 'cuda' : values.tpu ? 'tpu' : 'cpu';
  if (values.cuda && values.tpu) fail('--cuda and --tpu exclude each other: take one of them.');
  if (process.platform !== 'linux')
    fail(`the wheels that are pinned are for Linux, and this is ${process.platform}.`);
  if (device !== 'cpu' && process.arch !== 'x64')
    fail(`the wheels that are pinned for ${device} are for x86_64, and this is ${process.arch}.`);

  const python = join(folder, 'bin', 'python');
  requireVersion(existsSync(python) ? python : values.python);
  if (!existsSync(python)) {
    say('1/3 making the environment');
    run(values.python, ['-m', 'venv', folder]);
  }
  say(`2/3 installing JAX for ${device}`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const compileOnly = values['compile-only'];
  const lists = compileOnly ? LISTS[device].slice(0, 2) : LISTS[device];
  const pinned = lists.flatMap((name) => ['--requirement', join(PACKAGES, `${name}.txt`)]);
  run(python, [...pip, '--no-deps', '--only-binary', ':all:', '--require-hashes', ...pinned]);

  say('3/3 trying it');
  if (compileOnly) {
    const options = ['-m', 'lacuna_xla.plan', '--rows', '0', '--target', TARGET[device]];
    run(python, options, { cwd: SOURCES, input: PRODUCT });
    told(folder);
    return;
  }
  const script = `
import os
os.environ["JAX_PLATFORMS"] = "${device}"
import jax, jax.numpy as jnp
found = float(jnp.ones([64, 64]).dot(jnp.ones([64, 64])).sum())
assert found == 64 ** 3, f"a product came out as {found}"
print("JAX", jax.__version__, "multiplies, on", jax.devices()[0].device_kind)`;
  run(python, ['-c', script]);
  told(folder);
}

function told(folder: string): void {
  say(`done. Tell Lacuna where it is:\n\n    export LACUNA_XLA=${folder}\n`);
}

/** Before anything is made: the wheels that are pinned are for these. */
function requireVersion(python: string): void {
  const script = 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))';
  try {
    execFileSync(python, ['-c', script], { stdio: ['ignore', 'ignore', 'ignore'] });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    const where = values.folder;
    fail(
      `${python} is not Python 3.11 to 3.13: name one (--python); remove ${where} if it is there.`,
    );
  }
}

function run(
  command: string,
  options: readonly string[],
  given: { readonly cwd?: string; readonly input?: string } = {},
): void {
  try {
    execFileSync(command, options, {
      ...given,
      stdio: [given.input === undefined ? 'ignore' : 'pipe', 'inherit', 'inherit'],
    });
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    fail(
      why
        ? `there is no ${command}: install Python 3.11 to 3.13 with venv, or name one (--python).`
        : `${command} failed; what it printed stands above.`,
    );
  }
}

function say(line: string): void {
  console.log(`xla: ${line}`);
}

function fail(reason: string): never {
  console.error(`xla: ${reason}`);
  process.exit(1);
}
