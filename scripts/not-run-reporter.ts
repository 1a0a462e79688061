import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Prints after a test run what did not run, with its count: a skipped test must not look as if it
 * had passed. The last line sums up, `N passed, N failed, N skipped`.
 */
export default class NotRunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number =>
      tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => !module.ok() && module.children.size === 0).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    if (skipped.length > 0) {
      console.log(`\nNOT RUN: ${skipped.length} tests`);
      for (const [reason, group] of groups(skipped)) console.log(`  ${group.length} x ${reason}`);
    }
    console.log(
      `\n${count('passed')} passed, ${count('failed') + broken} failed, ${skipped.length} skipped`,
    );
  }
}

/** Skipped tests by what says why: the outermost skipped suite, or the test itself. */
function groups(tests: readonly TestCase[]): Map<string, TestCase[]> {
  const byReason = new Map<string, TestCase[]>();
  for (const test of tests) {
    const path = test.fullName.split(' > ');
    const reason = `${test.module.relativeModuleId}: ${path[0]}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), test]);
  }
  return byReason;
}
