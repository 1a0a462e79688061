import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const RUST_FOLDER: string = join(import.meta.dirname, '..', '..', '..', 'ports', 'rust');

/** The built Rust port: the environment's, or the one that cargo leaves in its folder. */
export const RUST_PORT: string =
  process.env.LACUNA_RUST_PORT ?? join(RUST_FOLDER, 'target', 'release', 'lacuna-port');

/** Why the Rust port cannot run here, where it cannot. */
export function missingRust(): string | undefined {
  const fix = 'cargo build --release --locked in ports/rust, or set LACUNA_RUST_PORT';
  const built = statSync(RUST_PORT, { throwIfNoEntry: false });
  if (built === undefined) return `${RUST_PORT} is not there (${fix})`;
  // A port of other sources would be judged in place of this one.
  const newer = sources().find((file) => statSync(file).mtimeMs > built.mtimeMs);
  return newer === undefined ? undefined : `${RUST_PORT} is older than ${newer} (${fix})`;
}

function sources(): readonly string[] {
  const files = readdirSync(join(RUST_FOLDER, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.rs'))
    .map((file) => join('src', file));
  return ['Cargo.toml', 'Cargo.lock', ...files].map((file) => join(RUST_FOLDER, file));
}
