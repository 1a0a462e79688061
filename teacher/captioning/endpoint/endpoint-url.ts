import { LacunaError } from '../../../spec/errors.js';
import type { ChatEndpointOptions } from './chat-endpoint.js';

/**
 * Where the requests to an endpoint go: `{base}/chat/completions`.
 *
 * @throws LacunaError for a base that is no address, holds a password, or over which the key would
 *   go in the clear, and for a key that no header can carry.
 */
export function endpointUrl({ base, key }: Pick<ChatEndpointOptions, 'base' | 'key'>): string {
  const where = '--endpoint';
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new LacunaError({
      what: 'this is no address of a service',
      where,
      got: JSON.stringify(base.slice(0, 100)),
      expected: 'something like http://localhost:11434/v1, without "?" and "#"',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new LacunaError({
      what: 'the address holds a name or a password, which others on this machine could see',
      where,
      fix: 'Put a key into an environment variable and name that with --key-variable.',
    });
  }
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (key !== undefined && url.protocol === 'http:' && !local) {
    throw new LacunaError({
      what: `the key in ${key.variable} would go over the network in the clear`,
      where,
      got: url.origin,
      expected: 'https, or a service on this machine',
      fix: `Use https, or run without ${key.variable}.`,
    });
  }
  if (key !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(key.value)) {
    throw new LacunaError({
      what: 'the key has characters that no header can carry',
      where: key.variable,
      expected: 'letters, digits and signs of ASCII, without blanks and line ends',
    });
  }
  return `${url.href.replace(/\/+$/, '')}/chat/completions`;
}
