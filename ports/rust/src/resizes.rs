//! state.resize: a table of positions at another size, every operation in the order of the protocol.

use ndarray::{Array1, Array3, Axis, Ix2};

use crate::call::{Call, Refusal, Results, bounded, integers};

/// Indices of the old axis, each with its weight, whose sum is one index of the new axis.
type Taps = Vec<(usize, f64)>;

pub fn resize(call: &Call) -> Result<Results, Refusal> {
    let taps: fn(usize, usize, usize) -> Taps = match call.word("kind")? {
        "places" => bicubic,
        "slots" => linear,
        other => return Err(format!("there is no kind {other}").into()),
    };
    let (rows, columns) = (call.size("rows")?, call.size("columns")?);
    let (to_rows, to_columns) = (call.size("toRows")?, call.size("toColumns")?);
    let table = call.integers::<Ix2>("table")?;
    let width = table.ncols();
    bounded(&[to_rows.max(rows), to_columns.max(columns), width])?;
    let wide = table.mapv(|sixteenths| f64::from(sixteenths) / 16.0).into_shape_with_order((rows, columns, width));
    let wide = wide.map_err(|_| format!("table has the shape {:?}, not {} rows", table.shape(), rows * columns))?;
    let resized = along(&along(&wide, Axis(1), to_columns, taps), Axis(0), to_rows, taps);
    let bits: Array1<i32> = resized.iter().map(|&number| (number as f32).to_bits() as i32).collect();
    Ok(vec![integers("bits", bits)])
}

fn along(table: &Array3<f64>, axis: Axis, size: usize, taps: fn(usize, usize, usize) -> Taps) -> Array3<f64> {
    let old = table.len_of(axis);
    if old == size {
        return table.clone();
    }
    let mut shape = table.raw_dim();
    shape[axis.index()] = size;
    let mut resized = Array3::zeros(shape);
    for (index, mut to) in resized.axis_iter_mut(axis).enumerate() {
        for (from, weight) in taps(index, size, old) {
            to.zip_mut_with(&table.index_axis(axis, from), |to, &value| *to += weight * value);
        }
    }
    resized
}

/// Where new index i of n lies on the old axis.
fn position(i: usize, n: usize, old: usize) -> f64 {
    (i as f64 + 0.5) * old as f64 / n as f64 - 0.5
}

fn bicubic(i: usize, n: usize, old: usize) -> Taps {
    const A: f64 = -0.75;
    let y = position(i, n, old);
    let f = y.floor();
    let weight = |x: f64| {
        if x <= 1.0 {
            ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
        } else {
            ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
        }
    };
    let taps = [-1.0, 0.0, 1.0, 2.0].into_iter();
    taps.map(|k| ((f + k).clamp(0.0, (old - 1) as f64) as usize, weight((y - f - k).abs()))).collect()
}

fn linear(i: usize, n: usize, old: usize) -> Taps {
    let y = position(i, n, old).clamp(0.0, (old - 1) as f64);
    let f = y.floor();
    let (below, t) = (f as usize, y - f);
    vec![(below, 1.0 - t), ((below + 1).min(old - 1), t)]
}
