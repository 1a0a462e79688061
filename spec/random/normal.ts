import { log } from '../numeric/log.js';

/**
 * The standard normal value (float64) that stands for a word: the inverse distribution function at
 * (word + 1/2) / 2^32, by Wichura's algorithm AS 241 (PPND16, relative error about 1e-16).
 * One word a draw, increasing in the word, symmetric, |value| < 6.34. AS 241's third range,
 * beyond exp(-25), is never reached by 32-bit words.
 *
 * Source: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution",
 * Applied Statistics 37 (1988). The constants are its decimals, rounded to float64.
 */
export function normalOfWord(word: number): number {
  // Exact: 33 significant bits.
  const p = (word + 0.5) / 0x1_0000_0000;
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    let above = 2509.0809287301227;
    above = above * r + 33430.57558358813;
    above = above * r + 67265.7709270087;
    above = above * r + 45921.95393154987;
    above = above * r + 13731.69376550946;
    above = above * r + 1971.5909503065513;
    above = above * r + 133.14166789178438;
    above = above * r + 3.3871328727963665;
    let below = 5226.495278852854;
    below = below * r + 28729.085735721943;
    below = below * r + 39307.89580009271;
    below = below * r + 21213.794301586597;
    below = below * r + 5394.196021424751;
    below = below * r + 687.1870074920579;
    below = below * r + 42.31333070160091;
    below = below * r + 1;
    return (q * above) / below;
  }
  const r = Math.sqrt(-log(q < 0 ? p : 1 - p)) - 1.6;
  let above = 0.0007745450142783414;
  above = above * r + 0.022723844989269184;
  above = above * r + 0.2417807251774506;
  above = above * r + 1.2704582524523684;
  above = above * r + 3.6478483247632045;
  above = above * r + 5.769497221460691;
  above = above * r + 4.630337846156546;
  above = above * r + 1.4234371107496835;
  let below = 1.0507500716444169e-9;
  below = below * r + 0.0005475938084995345;
  below = below * r + 0.015198666563616457;
  below = below * r + 0.14810397642748008;
  below = below * r + 0.6897673349851;
  below = below * r + 1.6763848301838038;
  below = below * r + 2.053191626637759;
  below = below * r + 1;
  return q < 0 ? -above / below : above / below;
}
