import { Command, Option } from 'commander';
import { HarnessInvalid, jsonText } from '../../conformance/index.js';
import { LacunaError } from '../../spec/index.js';
import { compareFiles, judgeFile, writePage, writeVectors } from '../conform/files.js';
import { type ConformFlags, EXIT } from '../conform/options.js';
import { replay } from '../conform/replay.js';
import { runSuite } from '../conform/run.js';
import type { Told } from '../conform/told.js';
import { describeFailure } from '../failure.js';
import { withBackendOptions } from '../options/backend-options.js';
import { jsonOption } from '../options/json-option.js';
import { wholeNumber } from '../whole-number.js';

export function conformCommand(): Command {
  const whole = wholeNumber(0, Number.MAX_SAFE_INTEGER);
  const command = new Command('conform').description(
    'Holds a backend, or a port in any language, to the specification, clause by clause.',
  );
  return withBackendOptions(command)
    .addOption(
      new Option(
        '--port <command>',
        'a port that speaks the protocol of docs/protocol.md',
      ).conflicts('backend'),
    )
    .option(
      '--deadline <seconds>',
      'how long a port may take for an answer (default: 20; a start: 30)',
      wholeNumber(1, 86_400),
    )
    .option('--level <0-5>', 'only checks of this level', wholeNumber(0, 5))
    .option('--filter <prefix>', 'only checks whose id begins so')
    .option('--clause <id>', 'only checks that hold to this clause of docs/specification.md')
    .option('--seed <n>', 'what cases are drawn from (default: 1)', whole)
    .option('--cases <n>', 'cases of each family (default: 30)', whole)
    .option('--double', 'in float64, where the backend has it: an exact check of what it does')
    .option(
      '--real',
      'the sizes of training: operations, many repetitions, and steps of ViT-B beside PyTorch',
    )
    .option('--replay <address>', 'the one case of a failure, by its address')
    .option('--explore <seconds>', 'fresh seeds until the time is over', whole)
    .option('--known <file>', 'JSON list of known failures')
    .option(
      '--out <folder>',
      'where the reports go: JSON, JUnit, SARIF, Markdown, a page, a badge, failed programs',
    )
    .option('--at <file>', 'the file of the repository that SARIF shows findings at')
    .option('--judge <report.json>', 'judge a report again, without its backend')
    .option(
      '--accept-unrecorded',
      'with --judge: believe what the report says of checks of which no report keeps outputs',
    )
    .option('--compare <old-and-new...>', 'what changed between two reports')
    .option(
      '--vectors <folder>',
      'write test vectors with their bounds, for use without this program',
    )
    .option('--page <report.json...>', 'one page of several reports, written to --out (a file)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Exit codes: 0 everything passed, 1 something did not, 2 wrong command line or file,
3 the run proves nothing (the suite misjudged its own test, or a port fails the protocol's),
4 the backend is not here.

Examples:
  $ lacuna conform
  $ lacuna conform --backend tfjs --out reports/tfjs
  $ lacuna conform --filter composite/softmax --cases 200
  $ lacuna conform --clause op.softmax.gradient
  $ lacuna conform --level 1 --json > report.json
  $ lacuna conform --replay 'primitive/neg:shape=[2,3];regime="ties";draw=12'
  $ lacuna conform --port "python3 -m lacuna_port" --filter function/
  $ lacuna conform --port ./port --deadline 120 --out reports --at src/port.rs
  $ lacuna conform --vectors vectors --filter function/
  $ lacuna conform --judge reports/onnx/report.json --accept-unrecorded
  $ lacuna conform --compare old/report.json new/report.json
  $ lacuna conform --page onnx/report.json tfjs/report.json --out matrix.html`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.passed : EXIT.usage))
    .action(async (flags: ConformFlags) => {
      // The end of this process is what ends a port; the system's own way says nothing of it.
      for (const [signal, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
        ['SIGHUP', 129],
      ] as const) {
        process.once(signal, () => process.exit(code));
      }
      try {
        const told = await dispatch(flags);
        if (told !== undefined) {
          console.log(flags.json === true ? jsonText(told.result).trimEnd() : told.text);
        }
        process.exitCode = told?.code ?? EXIT.notRun;
      } catch (error) {
        console.error(describeFailure(error));
        if (error instanceof HarnessInvalid) process.exitCode = EXIT.invalid;
        else process.exitCode = error instanceof LacunaError ? EXIT.usage : EXIT.failed;
      }
    });
}

/** Undefined where the backend or the port is not here; the error output then says why. */
async function dispatch(flags: ConformFlags): Promise<Told | undefined> {
  const { judge, acceptUnrecorded, compare, page, vectors, replay: address, out } = flags;
  if (judge !== undefined) return judgeFile(judge, acceptUnrecorded === true);
  if (acceptUnrecorded === true) {
    throw new LacunaError({ where: '--accept-unrecorded', what: 'this goes with --judge' });
  }
  if (compare !== undefined) {
    const [old, recent, ...rest] = compare;
    if (old === undefined || recent === undefined || rest.length > 0) {
      throw new LacunaError({ what: '--compare wants two reports', got: String(compare.length) });
    }
    return compareFiles(old, recent);
  }
  if (vectors !== undefined) return writeVectors(vectors, flags);
  if (page !== undefined) return writePage(page, out ?? 'conformance.html');
  return address === undefined ? runSuite(flags) : replay(address, flags);
}
