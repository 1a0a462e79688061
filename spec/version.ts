/** The version of the specification: clauses, numeric contracts and program texts. */
export const SPEC_VERSION: string = '1.0';
