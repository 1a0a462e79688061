import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { parquetFactsOf } from '../../data/index.js';
import {
  NPY_HEAD,
  type NpyHead,
  plainFile,
  readNpzHeads,
  unreadable,
  wholeNpyHead,
} from '../../formats/index.js';
import type { InspectedTensor, Inspection } from './inspection.js';
import { cut, metadataFacts, oneFile } from './parts.js';

/** An array of NumPy: its header is read. */
export async function inspectNpy(path: string): Promise<Inspection> {
  const { size } = await plainFile(path);
  const head = wholeNpyHead(await firstBytes(path, NPY_HEAD), size, path);
  return {
    ...(await oneFile(path, 'an array of NumPy')),
    facts: { order: orderOf(head) },
    tensors: [arrayTensor(basename(path, '.npy'), head)],
  };
}

/** Several arrays of NumPy: their headers are read. */
export async function inspectNpz(path: string): Promise<Inspection> {
  await plainFile(path);
  const arrays = await readNpzHeads(path);
  return {
    ...(await oneFile(path, 'an archive of arrays of NumPy')),
    facts: { arrays: arrays.length },
    tensors: arrays.map((each) => arrayTensor(each.name, each)),
  };
}

/** A table: what its end says is read. */
export async function inspectParquet(path: string): Promise<Inspection> {
  await plainFile(path);
  const { rows, rowGroups, writer, columnCount, columns, metadata } = await parquetFactsOf(path);
  const lists = columns.filter(({ type }) => type.startsWith('list'));
  return {
    ...(await oneFile(path, 'a Parquet file')),
    facts: {
      rows,
      'row groups': rowGroups,
      columns: columnCount,
      ...(writer === '' ? {} : { writer: cut(writer) }),
      ...Object.fromEntries(lists.map(({ name, values }) => [`values in ${cut(name)}`, values])),
      ...metadataFacts(new Map(Object.entries(metadata))),
    },
    tensors: columns.map(({ name, type }) => ({
      name,
      dtype: type,
      shape: [rows],
      role: 'column',
    })),
  };
}

/** Texts and objects are no numbers of a model. */
function arrayTensor(name: string, { descr, shape }: NpyHead): InspectedTensor {
  const isNumbers = /^[<>|=]?[biufc]/.test(descr);
  return { name, dtype: descr, shape, ...(isNumbers ? {} : { role: 'column' }) };
}

function orderOf({ isFortran }: NpyHead): string {
  return isFortran ? 'column-major' : 'row-major';
}

async function firstBytes(path: string, most: number): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (cause: unknown) => {
      throw unreadable(path, cause);
    },
  );
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
