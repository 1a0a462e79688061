/**
 * Files that others define, and how files are written. In may come bytes, tensors and plain data;
 * what a file means to Lacuna, a checkpoint or a teacher, is known to whoever opens it.
 */
export { cacheFolder, ownCacheFolder } from './cache-folder.js';
export { decodeNpy, NPY_HEAD, type NpyArray, type NpyHead, wholeNpyHead } from './npy.js';
export { type NpySource, npyTexts, writeNpy } from './npy-file.js';
export { writeNpz } from './npz-file.js';
export { type NpzArray, readNpzHeads } from './npz-heads.js';
export { type OnnxFile, readOnnxFile } from './onnx/onnx-file.js';
export { loadOnnxRuntime, type OnnxRuntime } from './onnx/runtime.js';
export { type ParquetVectors, writeParquet } from './parquet-file.js';
export { fileDigest, plainFile, readPlainFile, unreadable } from './plain-file.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
} from './safetensors/safetensors-bytes.js';
export {
  SafetensorsFile,
  writeSafetensors,
  writeSafetensorsPieces,
} from './safetensors/safetensors-file.js';
export { replaceFile, replaceFileBy, type Written } from './whole-file.js';
