import { basename, dirname } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes ten seconds and more, by its file, the longest first, long tests among them: the budget in CONTRIBUTING.md has the times. */
const LONG: readonly RegExp[] = [
  /^webgpu\/conformance/,
  /^onnx\/conformance/,
  /ways\.long/,
  /numpy-port/,
  /^train\//,
  /conformance\./,
  /mixed-precision|two-processes|scaffold|fleet|one-timeline|^(prove|site|masks)\/|split|(torch|rust)-port/,
  /hostile-port|conform\.test|resume|sweep|search-page|microbatches|literal\/port/,
  /probe|fuzz-files|finetune|clip-loader|loss-scaling|embed|gradients|random-programs/,
];

/** Begins with the files that take longest, so that no worker is left alone with one at the end. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const own = `${basename(dirname(moduleId))}/${basename(moduleId)}`;
      const place = LONG.findIndex((each) => each.test(own));
      return place < 0 ? LONG.length : place;
    };
    return [...files].sort((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId));
  }
}
