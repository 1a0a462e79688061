//! Philox4x32-10, and words of a stream at an address.

use ndarray::{Array2, Ix2};

use crate::call::{Call, Computed, Refusal, Results, integers};

/// random.philox
pub fn random_philox(call: &Call) -> Result<Results, Refusal> {
    let counters = call.integers::<Ix2>("counter")?;
    let keys = call.integers::<Ix2>("key")?;
    if counters.ncols() != 4 || keys.dim() != (counters.nrows(), 2) {
        return Err(
            format!("counter is {:?} and key {:?}, not [n, 4] and [n, 2]", counters.shape(), keys.shape()).into()
        );
    }
    let mut words = Array2::zeros(counters.dim());
    for (row, mut to) in words.rows_mut().into_iter().enumerate() {
        let (c, k) = (counters.row(row), keys.row(row));
        let drawn = philox([c[0], c[1], c[2], c[3]].map(|word| word as u32), [k[0] as u32, k[1] as u32]);
        to.iter_mut().zip(drawn).for_each(|(to, word)| *to = word as i32);
    }
    Ok(vec![integers("words", words)])
}

/// Four words of a counter under a key.
pub fn philox([mut c0, mut c1, mut c2, mut c3]: [u32; 4], [mut k0, mut k1]: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let of_c0 = u64::from(c0) * 0xD251_1F53;
        let of_c2 = u64::from(c2) * 0xCD9E_8D57;
        (c0, c1, c2, c3) = ((of_c2 >> 32) as u32 ^ c1 ^ k0, of_c2 as u32, (of_c0 >> 32) as u32 ^ c3 ^ k1, of_c0 as u32);
        k0 = k0.wrapping_add(0x9E37_79B9);
        k1 = k1.wrapping_add(0xBB67_AE85);
    }
    [c0, c1, c2, c3]
}

/// The words of one address: seed, stream, replicate, epoch, sample.
pub struct Words {
    key: [u32; 2],
    /// The counter without its block.
    address: [u32; 3],
    drawn: u64,
    block: [u32; 4],
}

impl Words {
    pub fn new(seed: u64, stream: u32, replicate: u32, epoch: u32, sample: u32) -> Words {
        let key = [seed as u32, (seed >> 32) as u32];
        Words { key, address: [(stream << 16) + replicate, epoch, sample], drawn: 0, block: [0; 4] }
    }

    /// Words of a stream at the address that a call gives.
    pub fn of_call(call: &Call, stream: u32) -> Computed<Words> {
        Words::repeated(call, stream, 0)
    }

    /// Those of a repeat of a clip; each after the first lies beyond all stand-ins of the clip.
    pub fn repeated(call: &Call, stream: u32, repeat: u32) -> Computed<Words> {
        let seed = call.integer("seed", 1 << 53)?;
        let replicate = call.integer("replicate", 1 << 16)? as u32;
        let replicate = if repeat == 0 { replicate } else { replicate.min(4095) + 4096 * repeat };
        let epoch = call.integer("epoch", 1 << 32)? as u32;
        Ok(Words::new(seed, stream, replicate, epoch, call.integer("sample", 1 << 32)? as u32))
    }

    pub fn next(&mut self) -> u32 {
        let place = (self.drawn % 4) as usize;
        if place == 0 {
            let [stream, epoch, sample] = self.address;
            self.block = philox([(self.drawn / 4) as u32, stream, epoch, sample], self.key);
        }
        self.drawn += 1;
        self.block[place]
    }

    /// A number of 24 bits in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.next() >> 8) / f64::from(1 << 24)
    }

    /// An integer below n, each as likely.
    pub fn integer(&mut self, n: usize) -> usize {
        let n = n as u64;
        loop {
            let product = u64::from(self.next()) * n;
            if product % (1 << 32) >= ((1 << 32) - n) % n {
                return (product >> 32) as usize;
            }
        }
    }

    /// `count` of `items` numbers from 0, drawn without putting back.
    pub fn choose(&mut self, items: usize, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..items).collect();
        for i in 0..count {
            order.swap(i, i + self.integer(items - i));
        }
        order.truncate(count);
        order
    }
}
