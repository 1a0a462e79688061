//! Attention with its four linear maps, and its gradient.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use crate::call::{Call, Computed};
use crate::layers::{Bias, Gradients, Linear};

/// Which tokens meet: whether the query of (clip, query, key) sees the key. Every query sees one at least.
pub type Meets<'a> = &'a dyn Fn(usize, usize, usize) -> bool;

pub struct Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    proj: Linear,
    heads: usize,
}

pub struct AttentionTape {
    x: Array2<f64>,
    q: Array2<f64>,
    k: Array2<f64>,
    v: Array2<f64>,
    /// Of each clip and head, in this order.
    weights: Vec<Array2<f64>>,
    attended: Array2<f64>,
}

impl Attention {
    pub fn of(call: &Call, name: &str, width: usize, heads: usize, keys: Bias) -> Computed<Attention> {
        if width % heads != 0 {
            return Err(format!("{heads} heads do not divide the width {width}"));
        }
        let linear = |map: &str, bias| Linear::of(call, format!("{name}.{map}"), width, width, bias);
        Ok(Attention {
            q: linear("q", Bias::With)?,
            k: linear("k", keys)?,
            v: linear("v", Bias::With)?,
            proj: linear("proj", Bias::With)?,
            heads,
        })
    }

    /// Of rows of tokens, clip after clip: softmax(q k^T / sqrt(D / h)) v, head beside head, through proj.
    pub fn forward(&self, x: Array2<f64>, clips: usize, meets: Option<Meets>) -> (Array2<f64>, AttentionTape) {
        let (q, k, v) = (self.q.forward(&x), self.k.forward(&x), self.v.forward(&x));
        let mut attended = Array2::zeros(x.dim());
        let mut weights = vec![];
        for clip in 0..clips {
            for head in 0..self.heads {
                let part = |of| self.part(of, clips, clip, head);
                let mut scores = part(&q).dot(&part(&k).t()) * self.scale(&x);
                if let Some(meets) = meets {
                    for ((query, key), score) in scores.indexed_iter_mut() {
                        if !meets(clip, query, key) {
                            *score = f64::NEG_INFINITY;
                        }
                    }
                }
                softmax(&mut scores);
                self.part_mut(&mut attended, clips, clip, head).assign(&scores.dot(&part(&v)));
                weights.push(scores);
            }
        }
        (self.proj.forward(&attended), AttentionTape { x, q, k, v, weights, attended })
    }

    pub fn backward(
        &self,
        tape: &AttentionTape,
        dy: &Array2<f64>,
        clips: usize,
        gradients: &mut Gradients,
    ) -> Array2<f64> {
        let d = self.proj.backward(&tape.attended, dy, gradients);
        let [mut dq, mut dk, mut dv] = [(); 3].map(|()| Array2::zeros(d.dim()));
        let scale = self.scale(&d);
        for clip in 0..clips {
            for head in 0..self.heads {
                let part = |of| self.part(of, clips, clip, head);
                let p = &tape.weights[clip * self.heads + head];
                let d = part(&d);
                let dp = d.dot(&part(&tape.v).t());
                let along = (&dp * p).sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
                let ds = (dp - along) * p * scale;
                self.part_mut(&mut dq, clips, clip, head).assign(&ds.dot(&part(&tape.k)));
                self.part_mut(&mut dk, clips, clip, head).assign(&ds.t().dot(&part(&tape.q)));
                self.part_mut(&mut dv, clips, clip, head).assign(&p.t().dot(&d));
            }
        }
        self.q.backward(&tape.x, &dq, gradients)
            + self.k.backward(&tape.x, &dk, gradients)
            + self.v.backward(&tape.x, &dv, gradients)
    }

    fn scale(&self, x: &Array2<f64>) -> f64 {
        1.0 / ((x.ncols() / self.heads) as f64).sqrt()
    }

    /// The tokens of a clip, the numbers of a head.
    fn part<'a>(&self, of: &'a Array2<f64>, clips: usize, clip: usize, head: usize) -> ArrayView2<'a, f64> {
        let (tokens, numbers) = (of.nrows() / clips, of.ncols() / self.heads);
        of.slice(s![clip * tokens..(clip + 1) * tokens, head * numbers..(head + 1) * numbers])
    }

    fn part_mut<'a>(&self, of: &'a mut Array2<f64>, clips: usize, clip: usize, head: usize) -> ArrayViewMut2<'a, f64> {
        let (tokens, numbers) = (of.nrows() / clips, of.ncols() / self.heads);
        of.slice_mut(s![clip * tokens..(clip + 1) * tokens, head * numbers..(head + 1) * numbers])
    }
}

fn softmax(scores: &mut Array2<f64>) {
    for mut row in scores.rows_mut() {
        let maximum = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        row.mapv_inplace(|score| libm::exp(score - maximum));
        let sum = row.sum();
        row /= sum;
    }
}
