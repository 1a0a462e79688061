import { LacunaError } from '../../../spec/index.js';

/** The licence of weights, as a card of the Hugging Face Hub states it. */
export interface License {
  /** An identifier of the Hub: `apache-2.0`, or `other`. @defaultValue none is stated */
  readonly license?: string;
  /** With `other`: what the licence is called. */
  readonly licenseName?: string;
  /** With `other`: its address, or a file of the export. */
  readonly licenseLink?: string;
}

const IDENTIFIER = /^[a-z0-9][a-z0-9.+-]{0,63}$/;

/** @throws LacunaError for a licence that no card can state. */
export function requireLicense({ license, licenseName, licenseLink }: License): void {
  if (license !== undefined && !IDENTIFIER.test(license)) {
    throw new LacunaError({
      where: '--license',
      what: 'this is no identifier of a licence',
      got: license.slice(0, 100),
      expected: 'one of the Hugging Face Hub, like apache-2.0, mit, cc-by-nc-4.0, or other',
    });
  }
  const isOther = license === 'other';
  const named = licenseName !== undefined && licenseLink !== undefined;
  if (isOther && !named) {
    throw new LacunaError({
      where: '--license other',
      what: 'a licence that the Hub has no identifier of needs its name and where it can be read',
      fix: 'Add --license-name NAME and --license-link ADDRESS.',
    });
  }
  if (!isOther && (licenseName ?? licenseLink) !== undefined) {
    throw new LacunaError({
      where: licenseName === undefined ? '--license-link' : '--license-name',
      what: 'only a licence that the Hub has no identifier of is named',
      got: license === undefined ? 'no --license' : `--license ${license}`,
      fix: 'Leave it out, or write --license other.',
    });
  }
}

/** Its lines of a card's front matter. */
export function licenseLines({ license, licenseName, licenseLink }: License): readonly string[] {
  if (license === undefined) {
    return ['license: other', 'license_name: not-stated', 'license_link: README.md'];
  }
  return [
    `license: ${license}`,
    ...(licenseName === undefined ? [] : [`license_name: ${JSON.stringify(licenseName)}`]),
    ...(licenseLink === undefined ? [] : [`license_link: ${JSON.stringify(licenseLink)}`]),
  ];
}
