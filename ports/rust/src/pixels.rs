//! patchify and target.cube.

use ndarray::{Array2, Array3, Array5, Ix3, Ix5, s};

use crate::call::{Call, Computed, Refusal, Results};
use crate::tensor::Tensor;

/// patchify
pub fn patchify(call: &Call) -> Result<Results, Refusal> {
    let frames = call.bytes::<Ix5>("frames")?;
    Ok(vec![("cubes".to_owned(), Tensor::new(cubes(&frames, call.size("tubelet")?, call.size("patch")?)?))])
}

/// Cubes [B, N, P] of frames [B, T, H, H, 3].
pub fn cubes(frames: &Array5<u8>, tubelet: usize, patch: usize) -> Computed<Array3<u8>> {
    let (batch, time, height, width, channels) = frames.dim();
    if time % tubelet != 0 || height % patch != 0 || width != height || channels != 3 {
        return Err(format!(
            "frames of the shape {:?} cannot be cut into {tubelet} frames of {patch} pixels",
            frames.shape()
        ));
    }
    let (slots, rows) = (time / tubelet, height / patch);
    let cut = frames.to_shape([batch, slots, tubelet, rows, patch, rows, patch, 3].as_slice());
    let cut = cut.map_err(|error| error.to_string())?;
    let ordered = cut.permuted_axes([0, 1, 3, 5, 2, 4, 6, 7].as_slice());
    let cubes = ordered.to_shape((batch, slots * rows * rows, 3 * tubelet * patch * patch));
    Ok(cubes.map_err(|error| error.to_string())?.to_owned())
}

/// target.cube
pub fn target_cube(call: &Call) -> Result<Results, Refusal> {
    let cubes = call.bytes::<Ix3>("cubes")?;
    let (batch, masked, pixels) = cubes.dim();
    let rows = cubes.to_shape((batch * masked, pixels)).map_err(|error| error.to_string())?;
    let targets = targets(&rows.to_owned());
    let targets = targets.to_shape((batch, masked, pixels)).map_err(|error| error.to_string())?;
    Ok(vec![call.result("targets", &targets.to_owned())?])
}

/// Targets of rows of cubes: (x - mean) / (sqrt(var) + 1e-6), for each cube and channel.
pub fn targets(cubes: &Array2<u8>) -> Array2<f64> {
    let mut targets = cubes.mapv(|pixel| f64::from(pixel) / 255.0);
    for mut cube in targets.rows_mut() {
        for channel in 0..3.min(cube.len()) {
            let mut x = cube.slice_mut(s![channel..;3]);
            let (first, count) = (x[0], x.len() as f64);
            x -= first;
            let mean = x.sum() / count;
            x -= mean;
            let var = x.iter().map(|x| x * x).sum::<f64>() / (count - 1.0);
            x /= var.sqrt() + 1e-6;
        }
    }
    targets
}
