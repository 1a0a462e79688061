import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Reads a flag that is a size of a file, as Hugging Face writes it: `5GB`, `200MB`, `2GiB`. */
export function byteSize(text: string): number {
  const [, count, unit] = /^(\d{1,9}(?:\.\d{1,3})?) ?(B|[KMG]i?B)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(count) * (UNITS[unit ?? ''] ?? Number.NaN));
  if (bytes >= 1) return bytes;
  throw new InvalidArgumentError('it must be a size such as 5GB, 200MB or 2GiB.');
}
