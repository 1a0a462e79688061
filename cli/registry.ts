import { ONNX } from '../backends/onnx/index.js';
import { TFJS } from '../backends/tfjs/index.js';
import { BackendRegistry } from '../core/index.js';
import { REFERENCE } from '../reference/index.js';

/** Every backend that the command line knows, the embedded default first. */
export const BACKENDS: BackendRegistry = new BackendRegistry([ONNX, TFJS, REFERENCE]);
