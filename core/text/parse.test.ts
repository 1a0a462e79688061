import { describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { parseProgram } from './index.js';

/** A valid text; each test spoils one thing. */
const TEXT = `lacuna program 1
name small
input %x : f32[2,3] data
input %table : f32[2,3] constant sinusoid(2,3)
input %w : f32[2] parameter
%add = add %x, %table : f32[2,3]
%c = constant {data=[0.5,-0], dtype="f32", shape=[2]} : f32[2]
%s = reduce_sum %add {axes=[1], keep=false} : f32[2]
%y = call softmax %add : f32[2,3]
%w2 = add %w, %c : f32[2]
output y = %y
output w = %w2
end
`;

describe('the parser', () => {
  it('accepts the text that the other tests spoil', () => {
    expect(parseProgram(TEXT).operations).toHaveLength(5);
  });

  // what is replaced, by what, and the error: place, what is wrong, what was expected
  const spoiled: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'another version',
      'program 1',
      'program 2',
      /line 1, column 1: this is no program.*expected 'lacuna program 1'/,
    ],
    ['a longer version number', 'program 1', 'program 10', /line 1, column 17: the line goes on/],
    ['a missing name', 'name small', 'input', /line 2, column 1: .*expected 'name '/],
    ['a name with a slash', 'name small', 'name a/b', /line 2, column 7: .*got '\/b'/],
    [
      'an unknown element type',
      'x : f32',
      'x : f31',
      /line 3, column 12: there is no such element type; got 'f31.*expected f64/,
    ],
    [
      'an unknown role',
      ' parameter',
      ' weight',
      /line 5: small: input w: there is no such role; got weight, expected data/,
    ],
    [
      'a role that every object has',
      ' parameter',
      ' constructor',
      /line 5: .*there is no such role; got constructor/,
    ],
    ['a source on data', ' data', ' data sinusoid(2,3)', /line 3: .*the source is not legal/],
    [
      'a source that is no call',
      'sinusoid(2,3)',
      '../../secret',
      /line 4: .*the source is not legal/,
    ],
    ['an empty source', ' sinusoid(2,3)', ' ', /line 4: .*the source is not legal/],
    ['an extent with a leading zero', 'x : f32[2,3]', 'x : f32[02,3]', /line 3, column 16/],
    [
      'a negative extent',
      'x : f32[2,3]',
      'x : f32[-2,3]',
      /line 3, column 16: .*expected an extent/,
    ],
    [
      'an extent beyond 2^31',
      'x : f32[2,3]',
      'x : f32[2147483648,3]',
      /line 3: .*the type is not legal/,
    ],
    [
      'an extent of a thousand digits',
      'x : f32[2,3]',
      `x : f32[${'9'.repeat(1000)},3]`,
      /line 3: .*the type is not legal/,
    ],
    [
      'too many elements',
      'x : f32[2,3]',
      'x : f32[2147483647,2147483647]',
      /line 3: .*the type is not legal/,
    ],
    [
      'too many axes',
      'x : f32[2,3]',
      `x : f32[${'1,'.repeat(5000)}1]`,
      /line 3, column 32: there are more than 8 axes/,
    ],
    [
      'two inputs of one name',
      '%table :',
      '%x :',
      /line 4: small: input x: two values have one name/,
    ],
    ['a result of an earlier name', '%s = red', '%x = red', /line 8: .*two values have one name/],
    [
      'an unknown operation',
      '= add %w',
      '= ad %w',
      /line 10: small: w2 = ad: there is no such operation; got ad/,
    ],
    [
      'an operation that every object has',
      '= add %w',
      '= constructor %w',
      /line 10: .*there is no such operation/,
    ],
    [
      'a primitive called as a composite',
      'call softmax',
      'call add',
      /line 9: .*no composite has this name; got add, expected one of adamw/,
    ],
    [
      'a composite of another number of operands',
      'softmax %add',
      'softmax %add, %add',
      /line 9: small: y = call softmax: softmax: the number of operands is wrong; got 2, expected x/,
    ],
    [
      'a composite with an attribute that it has not',
      'softmax %add',
      'softmax %add {eps=1}',
      /line 9: .*attribute eps: the attributes do not fit; got number, expected no such attribute/,
    ],
    [
      'an operand that is not declared',
      'add %w, %c',
      'add %w, %d',
      /line 10: .*not declared before; got %d/,
    ],
    [
      'an operand that is declared later',
      '%x, %table',
      '%x, %y',
      /line 6: .*not declared before; got %y/,
    ],
    [
      'an operand that is the result',
      '%x, %table',
      '%x, %add',
      /line 6: .*not declared before; got %add/,
    ],
    [
      'a value called __proto__',
      '%w2',
      '%__proto__',
      /line 10: .*the name of the value is not legal; got __proto__/,
    ],
    [
      'an output called __proto__',
      'output y',
      'output __proto__',
      /line 11: .*the name of the output is not legal/,
    ],
    [
      'an output called constructor',
      'output y',
      'output constructor',
      /line 11: .*the name of the output is not legal/,
    ],
    [
      'a name of 513 characters',
      '%w2',
      `%${'n'.repeat(513)}`,
      /line 10: .*the name of the value is not legal; got n{80}\.\.\./,
    ],
    [
      'an attribute called __proto__',
      '{axes=[1], keep=false}',
      '{__proto__=[1]}',
      /line 8, column 23: .*expected an attribute/,
    ],
    [
      'an attribute that is missing',
      '{axes=[1], keep=false}',
      '{axes=[1]}',
      /line 8: .*attribute keep: an attribute is missing/,
    ],
    [
      'an attribute too many',
      'keep=false}',
      'keep=false, more=1}',
      /line 8: .*there is no such attribute; got more, expected axes, keep/,
    ],
    [
      'an inherited attribute',
      '%w, %c',
      '%w, %c {constructor=1}',
      /line 10: .*there is no such attribute; got constructor, expected none/,
    ],
    [
      'attributes in another order',
      'axes=[1], keep=false',
      'keep=false, axes=[1]',
      /line 8, column 39: attributes must be sorted/,
    ],
    [
      'an attribute given twice',
      'axes=[1], keep',
      'axes=[1], axes',
      /line 8, column 37: attributes must be sorted/,
    ],
    [
      'an attribute of the wrong kind',
      'keep=false',
      'keep=0',
      /line 8: .*attribute keep: an attribute has the wrong value; got 0, expected true or false/,
    ],
    ['an axis that does not exist', 'axes=[1]', 'axes=[2]', /line 8: .*the axis does not exist/],
    ['a broken axis', 'axes=[1]', 'axes=[0.5]', /line 8: .*expected a list of integers from 0/],
    [
      'a negative zero as an axis',
      'axes=[1]',
      'axes=[-0]',
      /line 8: .*expected a list of integers from 0/,
    ],
    [
      'a number that is not in its shortest form',
      '0.5',
      '0.50',
      /line 7, column 22: a number is not in its shortest form; got 0.50, expected 0.5\. Write 0.5/,
    ],
    ['a number that rounds to infinity', '0.5', '1e+999', /line 7, column 22: .*expected inf/],
    [
      'a literal that f32 has not',
      '0.5',
      '1e+39',
      /line 7: .*element 0: a literal is out of the range of f32; got 1e\+39/,
    ],
    ['a list within a list', '[0.5,-0]', '[[[[0.5]]]]', /line 7, column 22: .*expected a number/],
    [
      'an unknown type in a string',
      '"f32"',
      '"f31"',
      /line 7: .*attribute dtype: an attribute has the wrong value; got f31/,
    ],
    ['a string with an escape', '"f32"', '"f\\32"', /line 7, column 37: .*expected a string/],
    ['a string that does not end', '"f32"', '"f32', /line 7, column 37: .*expected a string/],
    [
      'a literal of another size',
      'shape=[2]} : f32[2]',
      'shape=[3]} : f32[3]',
      /line 7: .*the number of elements is wrong; got 2, expected 3/,
    ],
    [
      'a type that is not the inferred one',
      '%c : f32[2]',
      '%c : f32[3]',
      /line 10: small: w2 = add: %w2 has the wrong type; got f32\[3\], expected f32\[2\]/,
    ],
    [
      'another type of a composite',
      'softmax %add : f32',
      'softmax %add : f64',
      /line 9: .*%y has the wrong type/,
    ],
    [
      'two types for one result',
      '%c : f32[2]',
      '%c : f32[2], f32[2]',
      /line 10, column \d+: there must be one type a result; got 2, expected 1/,
    ],
    [
      'two results of a primitive',
      '%w2 = add %w, %c : f32[2]',
      '%w2, %w3 = add %w, %c : f32[2], f32[2]',
      /line 10: .*the number of results is wrong; got 2, expected 1/,
    ],
    [
      'an output of no value',
      '= %w2',
      '= %w3',
      /line 12: small: output w: .*not declared before; got %w3/,
    ],
    ['two outputs of one name', 'output w', 'output y', /line 12: .*two outputs have one name/],
    [
      'an output that does not fit its state',
      'output w = %w2',
      'output w = %y',
      /line 12: small: output w: %y has the wrong type; got f32\[2,3\], expected f32\[2\]/,
    ],
    [
      'a tab',
      '%add = add',
      '%add\t= add',
      /line 6, column 5: a character is not allowed; got U\+0009/,
    ],
    [
      'a carriage return',
      'data\n',
      'data\r\n',
      /line 3, column 25: a character is not allowed; got U\+000D/,
    ],
    [
      'a letter outside ASCII',
      'small',
      'smäll',
      /line 2, column 8: a character is not allowed; got U\+00E4/,
    ],
    ['two spaces', '= add %x', '=  add %x', /line 6, column 8: .*expected an operation/],
    ['a space at the end', 'small\n', 'small \n', /line 2, column 11: the line goes on/],
    ['an empty line', 'name', '\nname', /line 2, column 1/],
    [
      'an input after an operation',
      'output y',
      'input %z : f32[] data\noutput y',
      /line 11, column 1: .*expected 'end'/,
    ],
    ['a missing end', '\nend\n', '\n', /line 13: the text breaks off/],
    ['a last line without its newline', 'end\n', 'end', /line 13: the text breaks off/],
    [
      'something after the end',
      'end\n',
      'end\nmore\n',
      /line 14: what follows the program is not the meaning of its composites/,
    ],
  ];
  it.each(spoiled)('refuses %s', (_, from, to, message) => {
    expect(TEXT).toContain(from);
    const error = failure(() => parseProgram(TEXT.replace(from, to)));
    expect(error).toBeInstanceOf(LacunaError);
    expect((error as LacunaError).message).toMatch(message);
    expect((error as LacunaError).message.length).toBeLessThan(500);
  });

  it('refuses the text cut off at any place', () => {
    for (let length = 0; length < TEXT.length; length++) {
      expect(failure(() => parseProgram(TEXT.slice(0, length)))).toBeInstanceOf(LacunaError);
    }
  });

  it('refuses a text and a line that are too long before it reads them', () => {
    expect(() => parseProgram('a'.repeat(2 ** 25 + 1))).toThrow(/the text is too long/);
    expect(() => parseProgram(TEXT.replace('small', 's'.repeat(2 ** 20)))).toThrow(
      /line 2: the line is too long/,
    );
    expect(() => parseProgram(`${'\n'.repeat(2 ** 24)}`)).toThrow(/line 1, column 1/);
  });

  it('refuses more operations than a program may have', () => {
    const lines = Array.from({ length: 65_537 }, (_, i) => `%v${i} = neg %x : f32[1]`).join('\n');
    const text = `lacuna program 1\nname many\ninput %x : f32[1] data\n${lines}\nend\n`;
    expect(() => parseProgram(text)).toThrow(/line 65540: .*too many operations/);
  });

  it('calls the text by the name that it is given', () => {
    expect(() => parseProgram('', 'model.lacuna')).toThrow(/^model\.lacuna, line 1: /);
  });

  it('leaves the prototype of objects alone', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      failure(() => parseProgram(TEXT.replace('axes=[1]', `${name}=[1]`)));
      failure(() => parseProgram(TEXT.replaceAll('%w', `%${name}`)));
    }
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});

function failure(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
