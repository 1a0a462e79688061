import { expect, it } from 'vitest';
import { visibleText } from '../visible-text.js';
import { jsonText } from './json-option.js';

it('is a document that the streams leave as it is, whatever is in it', () => {
  const result = { 'a\u202eb': ['\u001b[2J', '\u2028', '\u{e0001}', '\ud800', 'e\u0301', '\n'] };
  const text = jsonText(result);
  expect(JSON.parse(text)).toEqual(result);
  expect(visibleText(text)).toBe(text);
});
