import { describe, expect, it } from 'vitest';
import { add, cast, ProgramBuilder } from '../spec/program/index.js';
import { REFERENCE } from './backend.js';

describe('REFERENCE', () => {
  it('keeps state in doubles from step to step, and through a download and an upload', async () => {
    const backend = await REFERENCE.open();
    const builder = new ProgramBuilder('thirds');
    builder.output('x', add(builder.input('x', 'f32', [], 'parameter'), 1 / 3));
    const executable = await backend.compile(builder.finish(), { donate: { x: 'x' } });
    let state = await backend.upload({ dtype: 'f32', shape: [], data: Float32Array.of(0) });
    for (let step = 0; step < 2; step++) {
      const { x } = await executable.run({ x: state });
      if (x === undefined) throw new Error('no output');
      const host = await backend.download(x);
      backend.release(x);
      state = await backend.upload(host);
    }
    expect((await backend.download(state)).data).toEqual(Float64Array.of(2 / 3));
    backend.release(state);
    expect(backend.liveTensors).toBe(0);
  });

  it('loses donated tensors in a run that fails, and none in one that is refused', async () => {
    const backend = await REFERENCE.open();
    const builder = new ProgramBuilder('failing');
    const [x, y] = [
      builder.input('x', 'f32', [], 'parameter'),
      builder.input('y', 'f32', [], 'data'),
    ];
    builder.output('x', add(x, y));
    builder.output('whole', cast(y, 'i32'));
    const executable = await backend.compile(builder.finish(), { donate: { x: 'x' } });
    const one = await backend.upload({ dtype: 'f32', shape: [], data: Float32Array.of(1) });
    const large = await backend.upload({ dtype: 'f32', shape: [], data: Float32Array.of(3e9) });
    await expect(executable.run({ x: one })).rejects.toThrow('failing: y: the input is missing');
    expect((await backend.download(one)).data).toEqual(Float64Array.of(1));
    await expect(executable.run({ x: one, y: large })).rejects.toThrow('outside i32');
    await expect(backend.download(one)).rejects.toThrow('was donated and cannot be used again');
    expect(backend.liveTensors).toBe(1);
  });

  it('refuses a donation of what is not there, and devices that it has not', async () => {
    const backend = await REFERENCE.open();
    const builder = new ProgramBuilder('plain');
    builder.output('y', add(builder.input('x', 'f32', [], 'data'), 1));
    const program = builder.finish();
    await expect(backend.compile(program, { donate: { z: 'y' } })).rejects.toThrow(
      'z: no input for y: f32[]',
    );
    await expect(REFERENCE.open({ device: 'cuda' })).rejects.toThrow('no device of this name');
    expect(await REFERENCE.probe()).toMatchObject({ available: true });
  });
});
