export { type CaseParameters, formatAddress, parseAddress } from './address.js';
export {
  type Case,
  type Family,
  family,
  type Level,
  programCase,
} from './case.js';
export type { CaseRecord, Check, CheckOptions, Failure, Finding, Verdict } from './check.js';
export { ALL_CHECKS, CHECKS, DOUBLE_CHECKS } from './checks.js';
export { familyCheck } from './family-check.js';
export { FAULTY_FLEET, type Fault } from './fleet/faulty.js';
export { type FleetMember, LEGAL_FLEET } from './fleet/legal.js';
export { type Deviation, type Judgement, judge } from './judge.js';
export { type KnownFailure, parseKnown } from './known.js';
export { bitIdentical, type RelationSize } from './relations/index.js';
export * from './report/index.js';
export { type CaseFailure, type CaseResult, runCase } from './run-case.js';
export { checkBackend, type RunChecksOptions, runChecks } from './run-checks.js';
export { backendSubject, type Opened, type Subject } from './subject.js';
