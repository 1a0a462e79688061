import { ONNX } from '../backends/onnx/index.js';
import { TFJS } from '../backends/tfjs/index.js';
import { WEBGPU } from '../backends/webgpu/index.js';
import { BackendRegistry } from '../core/index.js';
import { REFERENCE } from '../reference/index.js';

/** Every backend that the command line knows, the embedded default first. */
export const BACKENDS: BackendRegistry = new BackendRegistry([ONNX, WEBGPU, TFJS, REFERENCE]);
