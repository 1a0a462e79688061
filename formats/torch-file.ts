import { crc32 } from 'node:zlib';
import type { HostTensor } from '../core/backend.js';
import { formatType, LacunaError, type ValueDeclaration } from '../spec/index.js';
import { FileWriter, type Written } from './whole-file.js';

/** Archives of more than this have another form of directory. */
const MAX_BYTES = 2 ** 32 - 1;
/** The name of the folder that everything in a file lies in. */
const ROOT = 'archive';

interface Entry {
  readonly name: string;
  readonly bytes: number;
  readonly crc: number;
  readonly at: number;
}

/**
 * Writes float32 tensors as a new file that `torch.load` reads as `{ [key]: { name: tensor, ... } }`, also
 * with `weights_only=True`: a ZIP archive, nothing compressed, of a pickle that names the tensors and of one
 * file of numbers for each. The pickle calls what rebuilds tensors and nothing else.
 *
 * Source: PyTorch torch/serialization.py `_save`, torch/_utils.py `_rebuild_tensor_v2`.
 *
 * @param read Is asked for one tensor at a time, in order.
 * @throws LacunaError for tensors that are no float32, and where the file would have 4 GiB or more.
 */
export async function writeTorchFile(
  path: string,
  key: string,
  tensors: readonly ValueDeclaration[],
  read: (name: string) => Promise<HostTensor>,
): Promise<Written> {
  const total = tensors.reduce((sum, { shape }) => sum + 4 * elements(shape) + 512, 4096);
  if (total > MAX_BYTES) {
    throw new LacunaError({
      where: path,
      what: 'the weights are too large for one such file',
      got: `${total} bytes`,
      expected: `at most ${MAX_BYTES}`,
    });
  }
  const writer = await FileWriter.create(path);
  const entries: Entry[] = [];
  let at = 0;
  const add = async (name: string, content: Uint8Array): Promise<void> => {
    const entry = { name: `${ROOT}/${name}`, bytes: content.length, crc: crc32(content), at };
    const header = localHeader(entry);
    await writer.write(header);
    await writer.write(content);
    entries.push(entry);
    at += header.length + content.length;
  };
  try {
    await add('data.pkl', pickled(key, tensors));
    await add('byteorder', new TextEncoder().encode('little'));
    for (const [index, declared] of tensors.entries()) {
      const tensor = await read(declared.name);
      if (declared.dtype !== 'f32' || formatType(tensor) !== formatType(declared)) {
        throw new LacunaError({
          where: declared.name,
          what: 'a tensor has another type than its file says',
          got: formatType(tensor),
          expected: `f32[${declared.shape}]`,
        });
      }
      const { buffer, byteOffset, byteLength } = tensor.data;
      await add(`data/${index}`, new Uint8Array(buffer, byteOffset, byteLength));
    }
    await add('version', new TextEncoder().encode('3\n'));
    await writer.write(directory(entries, at));
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** What the header of an entry and its line in the directory share, from the version that it needs on. */
function facts({ name, bytes, crc }: Entry): Uint8Array {
  const facts = new DataView(new ArrayBuffer(26));
  facts.setUint16(0, 20, true);
  // Bit 11 says that names are UTF-8; 0x21 is the first of January 1980, the oldest day that there is.
  facts.setUint16(2, 0x800, true);
  facts.setUint16(8, 0x21, true);
  facts.setUint32(10, crc, true);
  facts.setUint32(14, bytes, true);
  facts.setUint32(18, bytes, true);
  facts.setUint16(22, name.length, true);
  return new Uint8Array(facts.buffer);
}

function localHeader(entry: Entry): Uint8Array {
  return joined([u32(0x04034b50), facts(entry), ascii(entry.name)]);
}

function directory(entries: readonly Entry[], start: number): Uint8Array {
  const lines = entries.map((entry) =>
    joined([
      u32(0x02014b50),
      u16(20),
      facts(entry),
      new Uint8Array(10),
      u32(entry.at),
      ascii(entry.name),
    ]),
  );
  const all = joined(lines);
  const count = u16(entries.length);
  return joined([all, u32(0x06054b50), u32(0), count, count, u32(all.length), u32(start), u16(0)]);
}

/** The pickle, protocol 2: opcodes as in Python's pickletools. */
function pickled(key: string, tensors: readonly ValueDeclaration[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x80, 2), ascii('}'), text(key), ascii('}(')];
  for (const [index, { name, shape }] of tensors.entries()) {
    parts.push(
      text(name),
      ascii('ctorch._utils\n_rebuild_tensor_v2\n(('),
      text('storage'),
      ascii('ctorch\nFloatStorage\n'),
      text(String(index)),
      text('cpu'),
      integer(elements(shape)),
      ascii('tQ'),
      integer(0),
      tuple(shape),
      tuple(strides(shape)),
      // No gradient is asked for (NEWFALSE), and there are no hooks.
      Uint8Array.of(0x89),
      ascii('ccollections\nOrderedDict\n)RtR'),
    );
  }
  return joined([...parts, ascii('us.')]);
}

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return joined([ascii('X'), u32(bytes.length), bytes]);
}

function integer(value: number): Uint8Array {
  return joined([ascii('J'), u32(value)]);
}

function tuple(values: readonly number[]): Uint8Array {
  return joined([ascii('('), ...values.map(integer), ascii('t')]);
}

function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elements(shape.slice(axis + 1)));
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}

function u32(value: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value, true);
  return new Uint8Array(bytes.buffer);
}

function ascii(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
