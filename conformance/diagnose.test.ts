import { describe, expect, it } from 'vitest';
import { CHECKS } from './checks.js';
import { FAULTY_FLEET } from './fleet/faulty.js';
import { backendSubject } from './subject.js';

/** What the diagnosis of a planted fault must say. */
const EXPECTED: readonly (readonly [fault: string, diagnosis: RegExp])[] = [
  ['AdamW without weight decay', /constant.*times 0|times 0|sub.*left out|mul.*left out/],
  ['layer norm that leaves out beta', /add.*(left out|place)/],
  ['cross-entropy gradient without its label', /sub|select|cast|compare|times/],
  ['GELU gradient without the density', /add.*left out|times 0|left out/],
  ['attention without its scale', /mul.*left out/],
  ['AdamW that ignores the rate of its layer', /mul.*left out|times/],
  ['softmax gradient without its sum', /sub.*left out/],
];

describe('a diagnosis', () => {
  it.each(EXPECTED)('of "%s" names the mistake', async (name, diagnosis) => {
    const fault = FAULTY_FLEET.find((each) => each.name === name);
    if (fault === undefined) throw new Error('the fault is gone');
    const check = CHECKS.find(({ id }) => id === fault.foundBy);
    const finding = await check?.run(backendSubject(fault.open()), {});
    expect(finding?.failure?.diagnosis).toMatch(diagnosis);
  });

  it('is not given where nothing is near', async () => {
    const fault = FAULTY_FLEET.find(({ name }) => name === 'products in bf16');
    const check = CHECKS.find(({ id }) => id === fault?.foundBy);
    if (fault === undefined) throw new Error('the fault is gone');
    const finding = await check?.run(backendSubject(fault.open()), {});
    expect(finding?.verdict).toBe('fail');
    expect(finding?.failure?.diagnosis).toBeUndefined();
  });
});
