import { Command } from 'commander';
import {
  embedTexts,
  modelDigest,
  readVideoIndex,
  type SearchHit,
  searchIndex,
  type VideoIndex,
} from '../../evaluation/index.js';
import { type LoadedModel, loadModel } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { indexOption } from '../options/shared-options.js';
import { startSearchServer } from '../search/search-server.js';
import { serveUntilStopped } from '../serve/serve-until-stopped.js';
import { wholeNumber } from '../whole-number.js';
import { withTeacher } from '../with-teacher.js';

interface SearchFlags {
  readonly index: string;
  readonly model?: string;
  readonly top: number;
  readonly json?: boolean;
  readonly open?: boolean;
  readonly port: number;
}

export function searchCommand(): Command {
  return new Command('search')
    .description(
      'Finds the videos of an index that a sentence describes, each by its best segment:\n' +
        'every segment is compared. The number is the cosine of sentence and segment. See\n' +
        'docs/search.md.',
    )
    .argument('[sentence]', 'what is to be seen')
    .addOption(indexOption())
    .option('--model <run>', 'where the run lies that the index was made with, if it was moved')
    .option('--top <n>', 'videos that are told, at most', wholeNumber(1, 1000), 10)
    .addOption(jsonOption())
    .option(
      '--open',
      'serve a page, to this machine alone, where sentences are typed and clips play',
    )
    .option(
      '--port <n>',
      'of --open: where to listen; 0 takes a free port',
      wholeNumber(0, 65_535),
      0,
    )
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna search "a dog on a leash"
  $ lacuna search "water flows past rocks" --index my-index --top 3
  $ lacuna search "a red flower opens" --json
  $ lacuna search --open`,
    )
    .action(search);
}

async function search(sentence: string | undefined, flags: SearchFlags): Promise<void> {
  const { index: folder, top, json = false, open: serves = false } = flags;
  const index = await readVideoIndex(folder);
  if (index === undefined) {
    throw new LacunaError({
      where: folder,
      what: 'there is no index of videos',
      fix: 'Make one with `lacuna index VIDEOS --model RUN`, or name another with --index.',
    });
  }
  if (!serves && (sentence ?? '').trim() === '') {
    throw new LacunaError({
      what: 'there is no sentence',
      fix: 'Say what is to be seen, like "a dog on a leash", or add --open.',
    });
  }
  const run = flags.model ?? index.run;
  const model = await loadModel(run, openBackend, note);
  try {
    requireSame(index, model, run, folder);
    await withTeacher(model, note, async (whole) => {
      const find = async (text: string): Promise<readonly SearchHit[]> => {
        const [query] = await embedTexts(whole, [text]);
        return searchIndex(index, query as Float32Array, top);
      };
      if (serves) {
        const server = await startSearchServer({ index, find, port: flags.port });
        const query = sentence === undefined ? '' : `?q=${encodeURIComponent(sentence)}`;
        const result = { index: folder, videos: index.videos.length };
        return serveUntilStopped(server, json, { url: `${server.url}${query}`, result });
      }
      const hits = await find(sentence ?? '');
      if (json) return printJson({ sentence, hits: hits.map(plain) });
      console.log(table(hits));
    });
  } finally {
    await model.backend.dispose();
  }
}

/** @throws LacunaError where another model would embed the sentence than embedded the videos. */
function requireSame(index: VideoIndex, model: LoadedModel, run: string, folder: string): void {
  if (modelDigest(model) === index.model) return;
  throw new LacunaError({
    where: folder,
    what: 'the index was made with another model, or on another backend',
    got: run,
    fix: `Bring it up to date with \`lacuna index\`, or name its run with --model.`,
  });
}

function plain({ video, first, end, similarity }: SearchHit): object {
  const { path, frames } = video;
  return { path, first, end, frames, similarity };
}

function table(hits: readonly SearchHit[]): string {
  const width = Math.max(...hits.map(({ video }) => video.path.length));
  return hits
    .map(({ video, first, end, similarity }) => {
      const place =
        video.frames === 1 ? 'a picture' : `frames ${first}-${end - 1} of ${video.frames}`;
      return `${similarity.toFixed(4).padStart(7)}  ${video.path.padEnd(width)}  ${place}`;
    })
    .join('\n');
}
