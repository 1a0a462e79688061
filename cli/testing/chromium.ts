import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { madeOnce, unpackTar } from '../../backends/webgpu/device/made-once.js';

const PACKAGE = '@sparticuz/chromium';

/** A browser that can be started: its program, and the environment that it needs. */
export interface Chromium {
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Flags with which navigator.gpu is SwiftShader, a GPU in software that the package brings. */
export const FLAGS: readonly string[] = [
  '--headless=new',
  '--no-sandbox',
  '--no-first-run',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--disable-vulkan-surface',
];

/** The browser of the package, or in a sentence why it cannot be used here. */
export function findChromium(): Chromium | string {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `${PACKAGE} is for Linux on x64, and this is ${process.platform} on ${process.arch}`;
  }
  const bin = binFolder();
  if (bin === undefined) return `the package ${PACKAGE} is not installed`;
  try {
    const folder = unpacked(bin);
    const program = join(folder, 'chromium');
    const environment = {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, 'lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    };
    execFileSync(program, ['--version'], { env: environment, stdio: 'pipe' });
    return { program, environment };
  } catch (error) {
    return `the Chromium of ${PACKAGE} does not start: ${String(error).slice(0, 500)}`;
  }
}

function binFolder(): string | undefined {
  const paths = createRequire(import.meta.url).resolve.paths(PACKAGE) ?? [];
  return paths.map((path) => join(path, PACKAGE, 'bin')).find((path) => existsSync(path));
}

/** The folder with the browser and its libraries and fonts; made once, beside the packages. */
function unpacked(bin: string): string {
  const manifest = readFileSync(join(bin, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };
  const cache = join(dirname(dirname(dirname(bin))), '.cache', 'lacuna');
  return madeOnce(cache, `chromium-${version}`, (building, folder) => {
    for (const name of ['al2023', 'swiftshader', 'fonts']) {
      unpackTar(join(bin, `${name}.tar.br`), building);
    }
    const fonts = `<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>${join(folder, 'fonts')}</dir><cachedir>${join(folder, 'font-cache')}</cachedir></fontconfig>\n`;
    writeFileSync(join(building, 'fonts.conf'), fonts);
    const program = join(building, 'chromium');
    writeFileSync(program, brotliDecompressSync(readFileSync(join(bin, 'chromium.br'))));
    chmodSync(program, 0o755);
  });
}
