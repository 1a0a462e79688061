export { fillNormal, fillTruncatedNormal, fillUniform } from './fill.js';
export { normalOfWord } from './normal.js';
export { philox4x32, type Words2, type Words4 } from './philox.js';
export { sampleWord } from './sample-word.js';
export { choose, shuffle } from './shuffle.js';
export {
  type DrawAddress,
  RandomStream,
  STREAMS,
  type StreamName,
  uniformOfWord,
} from './stream.js';
