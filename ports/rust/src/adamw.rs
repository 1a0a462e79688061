//! optim.adamw: one update of one parameter.

use ndarray::{ArrayD, Ix0, IxDyn, Zip};

use crate::call::{Call, Computed, Refusal, Results};

/// Hyperparameters, and what the step number makes of them.
pub struct AdamW {
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    /// lr_scale lr
    pub rate: f64,
    /// 1 - beta1^t
    pub c1: f64,
    /// 1 - beta2^t
    pub c2: f64,
}

impl AdamW {
    pub fn of_call(call: &Call, [rate, c1, c2]: [&str; 3]) -> Computed<AdamW> {
        let scalar = |name| Ok::<f64, String>(call.shaped(name, Ix0())?.into_scalar());
        Ok(AdamW {
            beta1: call.number("beta1")?,
            beta2: call.number("beta2")?,
            eps: call.number("eps")?,
            rate: scalar(rate)?,
            c1: scalar(c1)?,
            c2: scalar(c2)?,
        })
    }

    /// p (1 - r wd) - r (m' / c1) / (sqrt(v' / c2) + eps), with m' = b1 m + (1 - b1) g, v' = b2 v + (1 - b2) g^2
    pub fn update(&self, p: &mut ArrayD<f64>, m: &mut ArrayD<f64>, v: &mut ArrayD<f64>, g: &ArrayD<f64>, decay: f64) {
        let AdamW { beta1, beta2, eps, rate, c1, c2 } = *self;
        Zip::from(p).and(m).and(v).and(g).for_each(|p, m, v, &g| {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            *p = *p * (1.0 - rate * decay) - rate * (*m / c1) / ((*v / c2).sqrt() + eps);
        });
    }
}

pub fn optim_adamw(call: &Call) -> Result<Results, Refusal> {
    let mut p = call.floats::<IxDyn>("p")?;
    let [mut m, mut v, g] =
        [call.shaped("m", p.raw_dim())?, call.shaped("v", p.raw_dim())?, call.shaped("g", p.raw_dim())?];
    let mut adamw = AdamW::of_call(call, ["lr", "c1", "c2"])?;
    adamw.rate *= call.number("lr_scale")?;
    adamw.update(&mut p, &mut m, &mut v, &g, call.number("decay")?);
    Ok(vec![call.result("p", &p)?, call.result("m", &m)?, call.result("v", &v)?])
}
