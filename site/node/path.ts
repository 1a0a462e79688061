import { cwd } from './working-folder.js';

/** Paths of POSIX, as `node:path` has them there. */
export const sep = '/';

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** Without `.`, and with `..` resolved as far as names before it reach; `.` for nothing. */
export function normalize(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.length > 0 && names.at(-1) !== '..') names.pop();
    else if (!isAbsolute(path)) names.push('..');
  }
  const end = names.length > 0 && path.endsWith('/') ? '/' : '';
  const joined = `${isAbsolute(path) ? '/' : ''}${names.join('/')}${end}`;
  return joined === '' ? (path.endsWith('/') ? './' : '.') : joined;
}

export function join(...parts: readonly string[]): string {
  const given = parts.filter((part) => part !== '').join('/');
  return given === '' ? '.' : normalize(given);
}

export function resolve(...parts: readonly string[]): string {
  let path = '';
  for (const part of [...parts].reverse()) {
    if (part === '') continue;
    path = path === '' ? part : `${part}/${path}`;
    if (isAbsolute(path)) break;
  }
  const whole = normalize(isAbsolute(path) ? path : `${cwd()}/${path}`);
  return whole.length > 1 ? whole.replace(/\/$/, '') : whole;
}

export function dirname(path: string): string {
  const own = path.replace(/(?<=.)\/+$/, '');
  const at = own.lastIndexOf('/');
  if (at < 0) return '.';
  return at === 0 ? '/' : own.slice(0, at);
}

export function basename(path: string, ending: string = ''): string {
  const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return ending !== '' && name !== ending && name.endsWith(ending)
    ? name.slice(0, -ending.length)
    : name;
}

export function extname(path: string): string {
  const name = basename(path);
  const at = name.lastIndexOf('.');
  return at <= 0 || name === '..' ? '' : name.slice(at);
}

export function relative(from: string, to: string): string {
  const [own, theirs] = [resolve(from), resolve(to)].map((path) =>
    path.split('/').filter((name) => name !== ''),
  ) as [string[], string[]];
  let shared = 0;
  while (shared < own.length && own[shared] === theirs[shared]) shared++;
  return [...own.slice(shared).map(() => '..'), ...theirs.slice(shared)].join('/');
}
