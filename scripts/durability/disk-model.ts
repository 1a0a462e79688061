import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { FileOperation } from '../../formats/file-operations.js';
import type { Draw } from './draws.js';

interface File {
  readonly kind: 'file';
  /** What is on the disk for certain. */
  durable: Uint8Array;
  /** What was done since. */
  pending: ((content: Uint8Array, draw: Draw) => Uint8Array)[];
}
interface Folder {
  readonly kind: 'folder';
  durable: Map<string, Node>;
  now: Map<string, Node>;
  pending: ((names: Map<string, Node>) => void)[];
}
type Node = File | Folder;

/**
 * What may be on a disk after the power was lost. A file keeps what was synced; of what was written
 * since, any part may be there, torn, or as zeros. A folder keeps the names that it had when it was
 * synced; of the changes since, any may have reached the disk without the others. A rename is one
 * change. That a file was synced says nothing of its name, as in POSIX.
 */
export class DiskModel {
  readonly #root: string;
  readonly #top: Folder;
  readonly #files = new Map<number, File>();

  private constructor(root: string, top: Folder) {
    this.#root = root;
    this.#top = top;
  }

  /** The disk with what is in a folder now, all of it durable; operations name it by `root`. */
  static of(folder: string, root: string = folder): DiskModel {
    return new DiskModel(root, readFolder(folder));
  }

  apply(operation: FileOperation): void {
    switch (operation.kind) {
      case 'create': {
        const file: File = { kind: 'file', durable: new Uint8Array(), pending: [] };
        this.#files.set(operation.file, file);
        this.#change(operation.path, (names, name) => names.set(name, file));
        return;
      }
      case 'open':
        this.#files.set(operation.file, this.#node(operation.path) as File);
        return;
      case 'write': {
        const { at, bytes } = operation;
        this.#file(operation.file).pending.push((content, draw) => torn(content, at, bytes, draw));
        return;
      }
      case 'truncate':
        this.#file(operation.file).pending.push((content) => content.slice(0, operation.size));
        return;
      case 'sync': {
        const file = this.#file(operation.file);
        // A draw of 0 keeps all of a write.
        for (const write of file.pending) file.durable = write(file.durable, () => 0);
        file.pending = [];
        return;
      }
      case 'rename': {
        const { from, to } = operation;
        if (dirname(from) !== dirname(to))
          throw new Error('a rename between folders is no one change');
        const node = this.#node(from);
        this.#change(to, (names, name) => {
          if (names.get(basename(from)) === node) names.delete(basename(from));
          names.set(name, node);
        });
        return;
      }
      case 'link': {
        const node = this.#node(operation.from);
        this.#change(operation.to, (names, name) => names.set(name, node));
        return;
      }
      case 'mkdir': {
        const folder: Folder = { kind: 'folder', durable: new Map(), now: new Map(), pending: [] };
        this.#change(operation.path, (names, name) => names.set(name, folder));
        return;
      }
      case 'unlink':
      case 'rmdir':
        this.#change(operation.path, (names, name) => names.delete(name));
        return;
      case 'sync-folder': {
        const folder = this.#inside(operation.path) ? this.#folder(operation.path) : undefined;
        if (folder === undefined) return;
        folder.durable = new Map(folder.now);
        folder.pending = [];
        return;
      }
      default:
        operation satisfies never;
    }
  }

  /** Writes what is left after a loss of power into a new folder. */
  crash(into: string, draw: Draw): void {
    writeNode(this.#top, into, draw);
  }

  #change(path: string, change: (names: Map<string, Node>, name: string) => void): void {
    const folder = this.#folder(dirname(path));
    const name = basename(path);
    change(folder.now, name);
    folder.pending.push((names) => change(names, name));
  }

  #inside(path: string): boolean {
    return !relative(this.#root, path).startsWith('..');
  }

  #folder(path: string): Folder {
    const node = this.#node(path);
    if (node.kind !== 'folder') throw new Error(`${path} is no folder`);
    return node;
  }

  #file(number: number): File {
    const file = this.#files.get(number);
    if (file === undefined) throw new Error(`file ${number} was never opened`);
    return file;
  }

  #node(path: string): Node {
    let node: Node = this.#top;
    for (const name of relative(this.#root, path).split(sep)) {
      if (name === '') continue;
      const inner: Node | undefined = node.kind === 'folder' ? node.now.get(name) : undefined;
      if (inner === undefined) throw new Error(`${path} is not there`);
      node = inner;
    }
    return node;
  }
}

/** A write of which all, the first bytes, zeros or nothing reached the disk. */
function torn(content: Uint8Array, at: number, bytes: Uint8Array, draw: Draw): Uint8Array {
  const fate = draw();
  if (fate >= 0.9) return content;
  const kept = fate < 0.5 ? bytes.length : Math.floor(draw() * bytes.length);
  const isZeros = fate >= 0.7;
  const length = Math.max(content.length, at + (isZeros ? bytes.length : kept));
  const result = new Uint8Array(length);
  result.set(content);
  result.set(bytes.subarray(0, kept), at);
  return result;
}

/** Which of the changes since the last sync happened: none, all, the first ones, or any. */
function survivors<T>(pending: readonly T[], draw: Draw): readonly T[] {
  const fate = draw();
  if (fate < 0.2) return [];
  if (fate < 0.4) return pending;
  if (fate < 0.6) return pending.slice(0, Math.floor(draw() * (pending.length + 1)));
  return pending.filter(() => draw() < 0.5);
}

function writeNode(node: Node, path: string, draw: Draw): void {
  if (node.kind === 'file') {
    let content = node.durable;
    for (const write of survivors(node.pending, draw)) content = write(content, draw);
    writeFileSync(path, content);
    return;
  }
  mkdirSync(path);
  const names = new Map(node.durable);
  for (const change of survivors(node.pending, draw)) change(names);
  for (const [name, inner] of names) writeNode(inner, join(path, name), draw);
}

function readFolder(path: string): Folder {
  const names = new Map<string, Node>();
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    const node: Node = entry.isDirectory()
      ? readFolder(inner)
      : { kind: 'file', durable: readFileSync(inner), pending: [] };
    names.set(entry.name, node);
  }
  return { kind: 'folder', durable: names, now: new Map(names), pending: [] };
}
