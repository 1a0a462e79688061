import { describe, expect, it } from 'vitest';
import { LacunaError } from '../spec/errors.js';
import { splitCommand } from './split-command.js';

describe('a command line', () => {
  it.each<[string, readonly string[]]>([
    ['python3 -m lacuna_port', ['python3', '-m', 'lacuna_port']],
    ['  ./port   --fast ', ['./port', '--fast']],
    ['"/my tools/port" \'a "b"\' ""', ['/my tools/port', 'a "b"', '']],
    ["a'b c'd", ['ab cd']],
    ['port $HOME *.txt ; rm | cat', ['port', '$HOME', '*.txt', ';', 'rm', '|', 'cat']],
  ])('%s is split at spaces, and by no shell', (command, words) => {
    expect(splitCommand(command)).toEqual(words);
  });

  it.each([' ', '"port', "port 'x"])('%s is refused', (command) => {
    expect(() => splitCommand(command)).toThrow(LacunaError);
  });
});
