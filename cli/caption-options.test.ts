import { afterEach, describe, expect, it } from 'vitest';
import { captionerOptions, endpointOptions, needed, sourceName } from './caption-options.js';

const flags = { output: 'captions.jsonl', source: 'endpoint', endpoint: 'http://x', model: 'm' };

describe('the flags of lacuna caption', () => {
  afterEach(() => {
    delete process.env.LACUNA_TEST_KEY;
  });

  it('name a source, and only options that it knows', () => {
    expect(sourceName(flags)).toBe('endpoint');
    const { source: _, ...none } = flags;
    expect(() => sourceName(none)).toThrow(/--source: it is not said.*expected model, labels, end/);
    expect(() => sourceName({ ...flags, source: 'gpt' })).toThrow(/unknown source; got "gpt"/);
    expect(() => sourceName({ ...flags, labelNames: 'x', maxTokens: '3' })).not.toThrow();
    expect(() => sourceName({ ...flags, source: 'model' })).toThrow(
      /--endpoint: this is no option of --source model; expected --source endpoint/,
    );
    expect(() => sourceName({ ...flags, frames: '3' })).toThrow(/--frames: this is no option/);
    expect(() => sourceName({ output: 'x', source: 'labels', dryRun: true })).toThrow(/--dry-run/);
  });

  it('take numbers within bounds', () => {
    expect(endpointOptions({ ...flags, temperature: '0.5', retries: '0', timeout: '2.5' })).toEqual(
      {
        base: 'http://x',
        model: 'm',
        temperature: 0.5,
        retries: 0,
        timeout: 2.5,
      },
    );
    for (const temperature of ['3', '-1', 'hot', '', ' ', 'NaN']) {
      expect(() => endpointOptions({ ...flags, temperature })).toThrow(
        /--temperature: the value is out of bounds; got .*, expected a number from 0 to 2/,
      );
    }
    expect(() => endpointOptions({ ...flags, maxTokens: '1.5' })).toThrow(/--max-tokens: .*whole/);
    expect(captionerOptions({ ...flags, frames: '1', dtype: 'q8' })).toEqual({
      frames: 1,
      dtype: 'q8',
    });
    expect(() => captionerOptions({ ...flags, frames: '0' })).toThrow(/--frames: .*from 1 to 100/);
    expect(() => needed({ output: 'x', source: 'model' }, 'model', 'f')).toThrow(
      /--model: --source model needs it; expected for example --model f/,
    );
  });

  it('name the variable of a key, never the key', () => {
    process.env.LACUNA_TEST_KEY = 'sk';
    expect(endpointOptions({ ...flags, keyVariable: 'LACUNA_TEST_KEY' }).key).toEqual({
      variable: 'LACUNA_TEST_KEY',
      value: 'sk',
    });
    delete process.env.LACUNA_TEST_KEY;
    const secret = () => endpointOptions({ ...flags, keyVariable: 'sk-12345' });
    expect(secret).toThrow(/no such environment variable.*not the key itself/);
    expect(secret).not.toThrow(/sk-12345/);
  });
});
