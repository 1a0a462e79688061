//! Linear maps, norms and the MLP: each with what it computes and its gradient. Rows are tokens.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayD, Axis, Ix1, Ix2, Zip};

use crate::call::{Call, Computed};

/// Gradients by the name of the parameter. Every parameter is used once in a step.
pub type Gradients = BTreeMap<String, ArrayD<f64>>;

#[derive(Clone, Copy, PartialEq)]
pub enum Bias {
    Without,
    With,
}

/// y = x W^T + b
pub struct Linear {
    name: String,
    weight: Array2<f64>,
    bias: Option<Array1<f64>>,
}

impl Linear {
    pub fn of(call: &Call, name: String, outputs: usize, inputs: usize, bias: Bias) -> Computed<Linear> {
        let weight = call.shaped(&format!("{name}.weight"), Ix2(outputs, inputs))?;
        let bias = match bias {
            Bias::With => Some(call.shaped(&format!("{name}.bias"), Ix1(outputs))?),
            Bias::Without => None,
        };
        Ok(Linear { name, weight, bias })
    }

    pub fn forward(&self, x: &Array2<f64>) -> Array2<f64> {
        let y = x.dot(&self.weight.t());
        match &self.bias {
            Some(bias) => y + bias,
            None => y,
        }
    }

    pub fn backward(&self, x: &Array2<f64>, dy: &Array2<f64>, gradients: &mut Gradients) -> Array2<f64> {
        gradients.insert(format!("{}.weight", self.name), dy.t().dot(x).into_dyn());
        if self.bias.is_some() {
            gradients.insert(format!("{}.bias", self.name), dy.sum_axis(Axis(0)).into_dyn());
        }
        dy.dot(&self.weight)
    }
}

/// y = (x - mean) / sqrt(var + eps) gamma + beta, with the biased variance of each row.
pub struct Norm {
    name: String,
    gamma: Array1<f64>,
    beta: Array1<f64>,
    eps: f64,
}

/// What the gradient of a norm needs: (x - mean) / sqrt(var + eps), and 1 / sqrt(var + eps).
pub struct NormTape {
    hat: Array2<f64>,
    rstd: Array2<f64>,
}

impl Norm {
    pub fn of(call: &Call, name: String, width: usize) -> Computed<Norm> {
        let gamma = call.shaped(&format!("{name}.weight"), Ix1(width))?;
        let beta = call.shaped(&format!("{name}.bias"), Ix1(width))?;
        Ok(Norm { name, gamma, beta, eps: call.number("norm_eps")? })
    }

    pub fn forward(&self, x: &Array2<f64>) -> (Array2<f64>, NormTape) {
        let centred = x - &row_means(x);
        let rstd = row_means(&(&centred * &centred)).mapv(|var| 1.0 / (var + self.eps).sqrt());
        let hat = centred * &rstd;
        (&hat * &self.gamma + &self.beta, NormTape { hat, rstd })
    }

    pub fn backward(
        &self,
        NormTape { hat, rstd }: &NormTape,
        dy: &Array2<f64>,
        gradients: &mut Gradients,
    ) -> Array2<f64> {
        gradients.insert(format!("{}.weight", self.name), (dy * hat).sum_axis(Axis(0)).into_dyn());
        gradients.insert(format!("{}.bias", self.name), dy.sum_axis(Axis(0)).into_dyn());
        let g = dy * &self.gamma;
        let along = row_means(&(&g * hat));
        (&g - &row_means(&g) - hat * &along) * rstd
    }
}

/// A column: the mean of each row.
fn row_means(x: &Array2<f64>) -> Array2<f64> {
    (x.sum_axis(Axis(1)) / x.ncols() as f64).insert_axis(Axis(1))
}

/// fc2(gelu(fc1(x)))
pub struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

pub struct MlpTape {
    x: Array2<f64>,
    hidden: Array2<f64>,
    active: Array2<f64>,
}

impl Mlp {
    pub fn of(call: &Call, name: &str, width: usize) -> Computed<Mlp> {
        let hidden = (call.number("mlp_ratio")? * width as f64).round() as usize;
        Ok(Mlp {
            fc1: Linear::of(call, format!("{name}.fc1"), hidden, width, Bias::With)?,
            fc2: Linear::of(call, format!("{name}.fc2"), width, hidden, Bias::With)?,
        })
    }

    pub fn forward(&self, x: Array2<f64>) -> (Array2<f64>, MlpTape) {
        let hidden = self.fc1.forward(&x);
        let active = hidden.mapv(|x| x * normal_below(x));
        (self.fc2.forward(&active), MlpTape { x, hidden, active })
    }

    pub fn backward(&self, tape: &MlpTape, dy: &Array2<f64>, gradients: &mut Gradients) -> Array2<f64> {
        let mut d = self.fc2.backward(&tape.active, dy, gradients);
        Zip::from(&mut d).and(&tape.hidden).for_each(|d, &x| *d *= normal_below(x) + x * normal_density(x));
        self.fc1.backward(&tape.x, &d, gradients)
    }
}

/// The normal distribution: GELU is x times it.
fn normal_below(x: f64) -> f64 {
    0.5 * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

fn normal_density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) * (std::f64::consts::FRAC_1_SQRT_2 * 0.5 * std::f64::consts::FRAC_2_SQRT_PI)
}
