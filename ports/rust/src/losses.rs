//! loss.mae and loss.infonce, with their gradients.

use ndarray::{Array, Array1, Array2, Axis, Dimension, Ix0, Ix2, Ix3, arr0};

use crate::call::{Call, Refusal, Results};

/// loss.mae
pub fn loss_mae(call: &Call) -> Result<Results, Refusal> {
    let prediction = call.floats::<Ix3>("prediction")?;
    let target = call.shaped("target", prediction.raw_dim())?;
    let (loss, gradient) = mae(&prediction, &target);
    Ok(vec![call.result("loss", &arr0(loss))?, call.result("grad.prediction", &gradient)?])
}

/// The mean of (prediction - target)^2, and its gradient.
pub fn mae<D: Dimension>(prediction: &Array<f64, D>, target: &Array<f64, D>) -> (f64, Array<f64, D>) {
    let difference = prediction - target;
    let count = difference.len() as f64;
    (difference.iter().map(|d| d * d).sum::<f64>() / count, difference * (2.0 / count))
}

/// loss.infonce
pub fn loss_infonce(call: &Call) -> Result<Results, Refusal> {
    let weight = match call.word("directions")? {
        "mean" => 0.5,
        "sum" => 1.0,
        other => return Err(format!("there are no directions {other}").into()),
    };
    let text = call.floats::<Ix2>("text")?;
    let video = call.shaped("video", text.raw_dim())?;
    let scale = call.shaped("log_scale", Ix0())?.into_scalar();
    let scale = libm::exp(scale);
    let pairs = text.nrows() as f64;

    let (t, v) = (unit_rows(&text), unit_rows(&video));
    let similarities = t.dot(&v.t()) * scale;
    let of_rows = log_softmax(&similarities);
    let of_columns = log_softmax(&similarities.t().to_owned()).reversed_axes();
    let loss = -weight * (of_rows.diag().sum() + of_columns.diag().sum()) / pairs;

    let both = of_rows.mapv(libm::exp) + of_columns.mapv(libm::exp) - Array2::<f64>::eye(text.nrows()) * 2.0;
    let g = both * (weight / pairs);
    let dt = g.dot(&v) * scale;
    let dv = g.t().dot(&t) * scale;
    let grad_log_scale = (&g * &similarities).sum();
    Ok(vec![
        call.result("loss", &arr0(loss))?,
        call.result("grad.text", &of_unnormalised(&text, &t, &dt))?,
        call.result("grad.video", &of_unnormalised(&video, &v, &dv))?,
        call.result("grad.log_scale", &arr0(grad_log_scale))?,
    ])
}

const LEAST_SQUARE: f64 = 1e-24;

fn squares(x: &Array2<f64>) -> Array2<f64> {
    (x * x).sum_axis(Axis(1)).insert_axis(Axis(1))
}

fn unit_rows(x: &Array2<f64>) -> Array2<f64> {
    x / squares(x).mapv(|square| square.max(LEAST_SQUARE).sqrt())
}

/// The gradient of rows as given, from that of the rows divided by their length.
fn of_unnormalised(x: &Array2<f64>, unit: &Array2<f64>, d: &Array2<f64>) -> Array2<f64> {
    let along: Array1<f64> = (unit * d).sum_axis(Axis(1));
    let mut dx = d.clone();
    for (row, square) in squares(x).into_iter().enumerate() {
        let mut dx = dx.row_mut(row);
        if square <= LEAST_SQUARE {
            dx *= 1e12;
        } else {
            dx.scaled_add(-along[row], &unit.row(row));
            dx /= square.sqrt();
        }
    }
    dx
}

fn log_softmax(x: &Array2<f64>) -> Array2<f64> {
    let mut y = x.clone();
    for mut row in y.rows_mut() {
        let maximum = row.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        row -= maximum;
        let sum = row.fold(0.0, |sum, &x| sum + libm::exp(x));
        row -= libm::log(sum);
    }
    y
}
