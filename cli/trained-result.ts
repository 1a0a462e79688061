/** What a training came to, as `--json` tells it. */
export function trainedResult(result: {
  readonly folder: string;
  readonly steps: number;
  readonly finished: boolean;
  readonly problems: readonly object[];
}): object {
  const { folder: run, steps, finished, problems } = result;
  return { run, steps, finished, problems: problems.length };
}
