import { createHash } from 'node:crypto';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import * as real from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { crc32 as theirCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash as ownHash } from './crypto.js';
import * as memory from './fs-promises.js';
import { fileAt, filesUnder, namesIn } from './memory-disk.js';
import * as path from './path.js';
import { crc32 } from './zlib.js';

type Paths = Pick<typeof posix, 'normalize' | 'dirname' | 'basename' | 'extname' | 'isAbsolute'>;
const bytes = fc.uint8Array({ maxLength: 300 });

describe('what stands in for modules of Node is what these do', () => {
  it('paths', () => {
    const names = fc.constantFrom('', '.', '..', 'a', 'b.txt', '.c', 'run', 'x.tar.gz', '/', '//');
    const paths = fc
      .tuple(fc.boolean(), fc.array(names, { maxLength: 6 }))
      .map(([isRooted, parts]) => `${isRooted ? '/' : ''}${parts.join('/')}`)
      // What POSIX leaves open.
      .map((path) => path.replace(/^\/\/+/, '/'));
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const asked = `${a} and ${b}`;
        const parts = ({ normalize, dirname, basename, extname, isAbsolute }: Paths) =>
          [normalize, dirname, basename, extname, isAbsolute].map((part) => part(a));
        expect([asked, parts(path)]).toEqual([asked, parts(posix)]);
        expect([asked, path.join(a, b)]).toEqual([asked, posix.join(a, b)]);
        const here = '/here';
        expect([asked, path.resolve(here, a, b)]).toEqual([asked, posix.resolve(here, a, b)]);
        const way = posix.relative(posix.resolve(here, a), posix.resolve(here, b));
        expect(path.relative(path.resolve(here, a), path.resolve(here, b))).toBe(way);
      }),
      { numRuns: 500 },
    );
  });

  it('SHA-256 and CRC-32, of pieces of any length', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), fc.string(), (pieces, text) => {
        const [own, theirs] = [ownHash('sha256'), createHash('sha256')];
        for (const piece of pieces) {
          own.update(piece);
          theirs.update(piece);
        }
        expect(own.update(text).digest('hex')).toBe(theirs.update(text).digest('hex'));
        for (const piece of [...pieces, text]) expect(crc32(piece)).toBe(theirCrc32(piece));
      }),
      { numRuns: 200 },
    );
  });

  describe('files', () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'lacuna-node-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    type Disk = Pick<
      typeof real,
      | 'lstat'
      | 'link'
      | 'mkdir'
      | 'open'
      | 'readFile'
      | 'readdir'
      | 'realpath'
      | 'rename'
      | 'rm'
      | 'rmdir'
      | 'unlink'
      | 'writeFile'
    >;
    const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY, O_NOFOLLOW } = constants;

    /** What came of something, its failure by its code. */
    async function outcome(work: () => Promise<unknown>): Promise<unknown> {
      try {
        const value = await work();
        return value instanceof Uint8Array ? [...value] : value;
      } catch (error) {
        return (error as { readonly code?: string }).code ?? String(error);
      }
    }

    async function write(
      disk: Disk,
      file: string,
      flags: number,
      piece: Uint8Array,
    ): Promise<number> {
      const handle = await disk.open(file, flags);
      try {
        await handle.write(piece);
        if (piece.length > 7) await handle.truncate(3);
        return (await handle.stat()).size;
      } finally {
        await handle.close();
      }
    }

    const place = fc.constantFrom(
      'a',
      'b',
      'folder',
      'folder/a',
      'folder/b',
      'folder/c/d',
      'none/a',
    );
    const operation = fc.oneof(
      fc.record({ kind: fc.constantFrom('append', 'create', 'write'), at: place, piece: bytes }),
      fc.record({ kind: fc.constantFrom('rename', 'link'), at: place, to: place }),
      fc.record({
        kind: fc.constantFrom('mkdir', 'mkdirs', 'rmdir', 'unlink', 'rm', 'read', 'list', 'stat'),
        at: place,
      }),
    );
    type Operation = {
      readonly kind: string;
      readonly at: string;
      readonly to?: string;
      readonly piece?: Uint8Array;
    };

    function run(
      disk: Disk,
      root: string,
      { kind, at, to = '', piece = new Uint8Array() }: Operation,
    ) {
      const [file, other] = [`${root}/${at}`, `${root}/${to}`];
      const works: Readonly<Record<string, () => Promise<unknown>>> = {
        append: () => write(disk, file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, piece),
        create: () => write(disk, file, O_WRONLY | O_CREAT | O_EXCL, piece),
        write: () => disk.writeFile(file, piece),
        rename: () => disk.rename(file, other),
        link: () => disk.link(file, other),
        mkdir: () => disk.mkdir(file),
        mkdirs: async () => void (await disk.mkdir(file, { recursive: true })),
        rmdir: () => disk.rmdir(file),
        unlink: () => disk.unlink(file),
        rm: () => disk.rm(file, { recursive: true, force: true }),
        read: () => disk.readFile(file),
        list: async () => (await disk.readdir(file)).sort(),
        stat: async () => {
          const facts = await disk.lstat(file);
          const handle = await disk.open(file, O_RDONLY);
          await handle.close();
          return facts.isFile() ? [facts.size, facts.nlink] : 'folder';
        },
      };
      return outcome(works[kind] as () => Promise<unknown>);
    }

    it('are written, moved, linked and removed, with the errors that the sources look for', async () => {
      let tries = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, { minLength: 8, maxLength: 24 }),
          async (operations) => {
            const name = `try-${tries++}`;
            const [theirs, own] = [join(folder, name), `/${name}`];
            await real.mkdir(theirs);
            await memory.mkdir(own);
            for (const each of operations as Operation[]) {
              // What is there is renamed, and files are linked; which of two failures is told, systems decide.
              const facts = await real.lstat(`${theirs}/${each.at}`).catch(() => undefined);
              if (each.kind === 'rename' && facts === undefined) continue;
              if (each.kind === 'link' && facts?.isFile() !== true) continue;
              const expected = await run(real, theirs, each);
              const got = await run(memory as unknown as Disk, own, each);
              expect([operations, each, got]).toEqual([operations, each, expected]);
            }
            await memory.rm(own, { recursive: true });
          },
        ),
        { numRuns: 60 },
      );
    });

    it('are looked for in their folder alone, and give back the memory that they grew by', async () => {
      const count = 8000;
      const began = process.cpuUsage();
      for (let i = 0; i < count; i++) {
        await memory.mkdir(`/many/${i}`, { recursive: true });
        await memory.writeFile(`/many/${i}/file`, 'x');
      }
      let names = 0;
      for (let i = 0; i < count; i++) names += namesIn(`/many/${i}`).length;
      expect(names).toBe(count);
      await memory.rename('/many', '/moved');
      expect(filesUnder('/moved').size).toBe(count);
      await memory.rm('/moved', { recursive: true });
      // A look through all names for each takes some ten times as long.
      expect(process.cpuUsage(began).user / 1e6).toBeLessThan(3);

      const handle = await memory.open('/grown', O_WRONLY | O_CREAT);
      for (let i = 0; i < 3; i++) await handle.write(new Uint8Array(100_000).fill(i));
      await handle.close();
      const file = fileAt('/grown');
      expect([file.size, file.bytes.buffer.byteLength]).toEqual([300_000, 300_000]);
      expect([file.bytes[0], file.bytes[299_999]]).toEqual([0, 2]);
    });
  });
});
