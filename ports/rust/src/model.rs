//! Blocks with norms before attention and MLP; the encoder of model.forward.

use ndarray::{Array2, Ix2, Ix5};

use crate::attention::{Attention, AttentionTape};
use crate::call::{Call, Computed, Refusal, Results, index};
use crate::layers::{Bias, Gradients, Linear, Mlp, MlpTape, Norm, NormTape};
use crate::pixels::cubes;

/// x += attn(norm1(x)); x += mlp(norm2(x))
pub struct Block {
    norm1: Norm,
    attn: Attention,
    norm2: Norm,
    mlp: Mlp,
}

pub struct BlockTape(NormTape, AttentionTape, NormTape, MlpTape);

impl Block {
    fn of(call: &Call, name: String, width: usize, heads: usize) -> Computed<Block> {
        Ok(Block {
            norm1: Norm::of(call, format!("{name}.norm1"), width)?,
            attn: Attention::of(call, &format!("{name}.attn"), width, heads, Bias::Without)?,
            norm2: Norm::of(call, format!("{name}.norm2"), width)?,
            mlp: Mlp::of(call, &format!("{name}.mlp"), width)?,
        })
    }

    fn forward(&self, x: Array2<f64>, clips: usize) -> (Array2<f64>, BlockTape) {
        let (normed, norm1) = self.norm1.forward(&x);
        let (y, attn) = self.attn.forward(normed, clips, None);
        let x = x + y;
        let (normed, norm2) = self.norm2.forward(&x);
        let (y, mlp) = self.mlp.forward(normed);
        (x + y, BlockTape(norm1, attn, norm2, mlp))
    }

    fn backward(
        &self,
        BlockTape(norm1, attn, norm2, mlp): &BlockTape,
        dy: Array2<f64>,
        clips: usize,
        gradients: &mut Gradients,
    ) -> Array2<f64> {
        let d = self.mlp.backward(mlp, &dy, gradients);
        let dy = dy + self.norm2.backward(norm2, &d, gradients);
        let d = self.attn.backward(attn, &dy, clips, gradients);
        dy + self.norm1.backward(norm1, &d, gradients)
    }
}

/// Blocks one after the other.
pub struct Blocks(Vec<Block>);

impl Blocks {
    pub fn of(call: &Call, tower: &str, depth: usize, width: usize, heads: usize) -> Computed<Blocks> {
        let blocks = (0..depth).map(|i| Block::of(call, format!("{tower}.{i}"), width, heads));
        Ok(Blocks(blocks.collect::<Computed<_>>()?))
    }

    pub fn forward(&self, mut x: Array2<f64>, clips: usize) -> (Array2<f64>, Vec<BlockTape>) {
        let mut tapes = vec![];
        for block in &self.0 {
            let (y, tape) = block.forward(x, clips);
            x = y;
            tapes.push(tape);
        }
        (x, tapes)
    }

    pub fn backward(
        &self,
        tapes: &[BlockTape],
        dy: Array2<f64>,
        clips: usize,
        gradients: &mut Gradients,
    ) -> Array2<f64> {
        let pairs = self.0.iter().zip(tapes).rev();
        pairs.fold(dy, |dy, (block, tape)| block.backward(tape, dy, clips, gradients))
    }
}

/// Cubes of clips, and which of them are seen.
pub struct Clips {
    pub clips: usize,
    /// Tokens of a clip.
    pub tokens: usize,
    /// [B N, P]: cubes of all clips.
    pub cubes: Array2<u8>,
}

impl Clips {
    pub fn of(call: &Call) -> Computed<Clips> {
        let cubes = cubes(&call.bytes::<Ix5>("frames")?, call.size("tubelet")?, call.size("patch")?)?;
        let (clips, tokens, pixels) = cubes.dim();
        if cubes.is_empty() {
            return Err("there are no frames".to_owned());
        }
        let cubes = cubes.into_shape_with_order((clips * tokens, pixels)).map_err(|error| error.to_string())?;
        Ok(Clips { clips, tokens, cubes })
    }

    pub fn pixels(&self) -> usize {
        self.cubes.ncols()
    }

    /// Tokens [B, K] of each clip.
    pub fn indices(&self, call: &Call, name: &str) -> Computed<Vec<Vec<usize>>> {
        let indices = call.integers::<Ix2>(name)?;
        if indices.nrows() != self.clips {
            return Err(format!("{name} is of {} clips, frames of {}", indices.nrows(), self.clips));
        }
        let of_clip =
            |row: ndarray::ArrayView1<i32>| row.iter().map(|&token| index(name, token, self.tokens)).collect();
        indices.rows().into_iter().map(of_clip).collect()
    }

    /// The cubes of the tokens, clip after clip.
    pub fn chosen(&self, indices: &[Vec<usize>]) -> Array2<u8> {
        let rows: Vec<usize> = indices
            .iter()
            .enumerate()
            .flat_map(|(clip, tokens)| tokens.iter().map(move |token| clip * self.tokens + token))
            .collect();
        self.cubes.select(ndarray::Axis(0), &rows)
    }
}

/// (pixel / 255 - mean) / std of the channel
pub fn normalised(cubes: &Array2<u8>) -> Array2<f64> {
    const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
    const STD: [f64; 3] = [0.229, 0.224, 0.225];
    let scaled = |(at, value): (usize, u8)| (f64::from(value) / 255.0 - MEAN[at % 3]) / STD[at % 3];
    Array2::from_shape_fn(cubes.dim(), |(row, at)| scaled((at, cubes[(row, at)])))
}

/// The encoder of model.forward.
pub struct Encoder {
    patch: Linear,
    positions: Array2<f64>,
    blocks: Blocks,
    norm: Norm,
}

pub struct EncoderTape {
    cubes: Array2<f64>,
    blocks: Vec<BlockTape>,
    norm: NormTape,
}

impl Encoder {
    pub fn of(call: &Call, clips: &Clips, width: usize) -> Computed<Encoder> {
        Ok(Encoder {
            patch: Linear::of(call, "encoder.patch".to_owned(), width, clips.pixels(), Bias::With)?,
            positions: call.shaped("encoder.positions", Ix2(clips.tokens, width))?,
            blocks: Blocks::of(call, "encoder", call.integer("depth", 1000)? as usize, width, call.size("heads")?)?,
            norm: Norm::of(call, "encoder.norm".to_owned(), width)?,
        })
    }

    /// Rows of the visible tokens, clip after clip.
    pub fn forward(&self, clips: &Clips, visible: &[Vec<usize>]) -> (Array2<f64>, EncoderTape) {
        let cubes = normalised(&clips.chosen(visible));
        let x = self.patch.forward(&cubes) + self.positions.select(ndarray::Axis(0), &visible.concat());
        let (x, blocks) = self.blocks.forward(x, clips.clips);
        let (encoded, norm) = self.norm.forward(&x);
        (encoded, EncoderTape { cubes, blocks, norm })
    }

    pub fn backward(&self, tape: &EncoderTape, dy: &Array2<f64>, clips: usize, gradients: &mut Gradients) {
        let d = self.norm.backward(&tape.norm, dy, gradients);
        let d = self.blocks.backward(&tape.blocks, d, clips, gradients);
        self.patch.backward(&tape.cubes, &d, gradients);
    }
}

/// model.forward
pub fn model_forward(call: &Call) -> Result<Results, Refusal> {
    let clips = Clips::of(call)?;
    let visible = clips.indices(call, "visible")?;
    let width = call.size("width")?;
    let (encoded, _) = Encoder::of(call, &clips, width)?.forward(&clips, &visible);
    let shape = (clips.clips, encoded.nrows() / clips.clips, width);
    let encoded = encoded.into_shape_with_order(shape).map_err(|error| error.to_string())?;
    Ok(vec![call.result("encoded", &encoded)?])
}
