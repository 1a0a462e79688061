/// <reference types="@webgpu/types" />
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { LacunaError } from '../../../spec/errors.js';
import { pollGently } from './gentle-polling.js';
import { madeOnce, unpackTar } from './made-once.js';

/** Dawn, opened: a GPU object, and the version of the package that brought it. */
export interface Dawn {
  readonly gpu: GPU;
  readonly version: string;
}

interface DawnModule {
  create(flags: readonly string[]): GPU;
}

const require: NodeJS.Require = createRequire(import.meta.url);
const PACKAGE = 'webgpu';
const EXPERIMENTS = 'enable-dawn-features=allow_unsafe_apis';
/** Times in nanoseconds: browsers round them to 65,536, so that no page can spy on others. */
const EXACT_TIMES = 'disable-dawn-features=timestamp_quantization';
const SOFTWARE_PACKAGE = '@sparticuz/chromium';

/**
 * Dawn on the machine's own GPU.
 *
 * @param experiments Whether Dawn may use what is not standard yet: subgroup matrices.
 * @throws LacunaError where the package is not installed.
 */
export async function openDawn(experiments: boolean): Promise<Dawn> {
  const { create } = await import('webgpu').catch((cause: unknown) => {
    throw missing(PACKAGE, cause);
  });
  const flags = [EXACT_TIMES, ...(experiments ? [EXPERIMENTS] : [])];
  pollGently();
  return { gpu: create(flags), version: versionOf(PACKAGE) };
}

/**
 * Dawn on SwiftShader, a GPU in software, from a package that brings it along.
 *
 * Dawn looks for the Vulkan loader in the folder that it was loaded from. So its library is copied
 * beside a loader of the package's, which is told of SwiftShader alone: nothing is asked of the
 * system, and nothing has to be set before the process starts.
 *
 * @param driver The file that describes the Vulkan driver to take: another software GPU for tests, with what Dawn has of experiments.
 *   @defaultValue SwiftShader
 * @throws LacunaError where a package is not installed, or on another system than Linux on x64.
 */
export async function openSwiftShader(driver?: string): Promise<Dawn> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new LacunaError({
      where: 'webgpu',
      what: 'SwiftShader is to be had for Linux on x64 only',
      got: `${process.platform} on ${process.arch}`,
    });
  }
  const folder = softwareFolder();
  pollGently();
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, join(folder, 'dawn.node'));
  const names = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'] as const;
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = driver ?? join(folder, 'vk_swiftshader_icd.json');
  try {
    const gpu = (module.exports as DawnModule).create([
      'backend=vulkan',
      EXACT_TIMES,
      ...(driver === undefined ? [] : [EXPERIMENTS]),
    ]);
    // The loader reads its settings with the first adapter.
    await gpu.requestAdapter();
    return { gpu, version: versionOf(PACKAGE) };
  } finally {
    names.forEach((name, i) => {
      const value = before[i];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });
  }
}

/** The folder with Dawn, the loader and SwiftShader; made once, beside the installed packages. */
export function softwareFolder(): string {
  const archive = join(packageFolder(SOFTWARE_PACKAGE), 'bin', 'swiftshader.tar.br');
  const dawn = join(packageFolder(PACKAGE), 'dist', 'linux-x64', 'dawn.node');
  const fill = (folder: string): void => {
    unpackTar(archive, folder);
    copyFileSync(dawn, join(folder, 'dawn.node'));
  };
  const name = `swiftshader-${versionOf(SOFTWARE_PACKAGE)}-dawn-${versionOf(PACKAGE)}`;
  const cache = join(dirname(packageFolder(PACKAGE)), '.cache', 'lacuna');
  try {
    return madeOnce(cache, name, fill);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error;
    // Where packages are not to be written: a folder of this process.
    const own = mkdtempSync(join(tmpdir(), 'lacuna-swiftshader-'));
    process.once('exit', () => rmSync(own, { recursive: true, force: true }));
    fill(own);
    return own;
  }
}

function packageFolder(name: typeof PACKAGE | typeof SOFTWARE_PACKAGE): string {
  let folder: string;
  try {
    const entry =
      name === PACKAGE ? require.resolve('webgpu') : require.resolve('@sparticuz/chromium');
    folder = dirname(entry);
  } catch (cause) {
    throw missing(name, cause);
  }
  // Folders inside of a package may have a package.json too, which has no version.
  while (manifest(folder)?.version === undefined) folder = dirname(folder);
  return folder;
}

function manifest(folder: string): { readonly version?: string } | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as { readonly version?: string };
}

function versionOf(name: typeof PACKAGE | typeof SOFTWARE_PACKAGE): string {
  return manifest(packageFolder(name))?.version ?? 'of no version';
}

function missing(name: string, cause?: unknown): LacunaError {
  return new LacunaError(
    {
      where: 'webgpu',
      what: `the package ${name} is not installed`,
      fix: `npm install ${name === SOFTWARE_PACKAGE ? `${name}@143.0.4` : name}`,
    },
    { cause },
  );
}
