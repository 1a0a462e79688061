/**
 * Holds any backend, or a port in another process, to the reference: cases, verdicts, reports, and the
 * proof that mistakes are found. A subject is handed in; none is imported.
 */
export { FUNCTION_NAMES, type FunctionCall, type FunctionName } from '../protocol/function-call.js';
export { HarnessInvalid } from '../protocol/smoke-test.js';
export { CLAUSES } from '../spec/clauses/index.js';
export { type CaseParameters, formatAddress, parseAddress } from './address.js';
export { type Asked, isAsked } from './asked.js';
export {
  type Case,
  type Family,
  family,
  type Level,
  programCase,
} from './case.js';
export {
  type CaseRecord,
  type Check,
  type CheckOptions,
  type Failure,
  type Finding,
  type Verdict,
  verdictOf,
} from './check.js';
export {
  ALL_CHECKS,
  CHECKS,
  checksFor,
  DOUBLE_CHECKS,
  FUNCTION_CHECKS,
  REAL_CHECKS,
} from './checks.js';
export { familyCheck, judgeCase, notPromised } from './family-check.js';
export { FAULTY_FLEET, type Fault } from './fleet/faulty.js';
export { type FleetMember, LEGAL_FLEET } from './fleet/legal.js';
export { describeFunctions, functionSchemas } from './functions/describe.js';
export { caseInRange } from './in-range.js';
export { type Deviation, type Judgement, judge } from './judge.js';
export { type KnownFailure, parseKnown } from './known-failures.js';
export { oracleChecks } from './oracle/index.js';
export { judgeOutcome, type Outcome, outcomeCheck, type RetrievalCount } from './outcome.js';
export { type OpenPortOptions, openPort, type Port, portOf } from './port/port-subject.js';
export { bitIdentical, type RelationSize, realSize } from './relations/index.js';
export * from './report/index.js';
export { type CaseFailure, type CaseResult, caseProgram, runCase } from './run-case.js';
export { checkBackend, type RunChecksOptions, runChecks, suiteDigest } from './run-checks.js';
export { backendSubject, type Opened, type Subject } from './subject.js';
export { type ExportOptions, exportVectors, type VectorEntry } from './vectors/export.js';
export { freeze, thaw } from './vectors/frozen.js';
