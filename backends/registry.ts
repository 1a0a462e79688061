import { BackendRegistry } from '../core/index.js';
import { REFERENCE } from '../reference/index.js';
import { ONNX } from './onnx/index.js';
import { TFJS } from './tfjs/index.js';
import { WEBGPU } from './webgpu/index.js';

/** Every backend that is here, the embedded default first. */
export const BACKENDS: BackendRegistry = new BackendRegistry([ONNX, WEBGPU, TFJS, REFERENCE]);
