/**
 * The process protocol, and a backend over it: lines of JSON and frames of tensors between this
 * process and a program in any language (docs/protocol.md). It starts the program, asks and answers;
 * whether an answer is right is for conformance to say.
 */
export { Breakdown, PortLost } from './breakdown.js';
export { FUNCTION_NAMES, type FunctionCall, type FunctionName } from './function-call.js';
export { addressOf, type GroupOptions, TcpGroup } from './group/tcp-group.js';
export { PortBackend } from './port-backend.js';
export { PortProcess } from './port-process.js';
export { type PortOptions, PortSession } from './port-session.js';
export { HarnessInvalid, smokeTest } from './smoke-test.js';
export { splitCommand } from './split-command.js';
