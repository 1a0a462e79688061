import { BackendRegistry } from '../core/index.js';
import { REFERENCE } from '../reference/index.js';
import { ONNX } from './onnx/index.js';
import { TFJS } from './tfjs/index.js';
import { WEBGPU } from './webgpu/index.js';
import { XLA } from './xla/index.js';

/**
 * Every backend that is here, the embedded default first. Each stands alone in a folder: programs come in
 * through the contract of core, and no backend imports another or is imported but by this list.
 */
export const BACKENDS: BackendRegistry = new BackendRegistry([ONNX, WEBGPU, TFJS, XLA, REFERENCE]);
