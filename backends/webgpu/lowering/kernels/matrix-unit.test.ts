import { describe, expect, it } from 'vitest';
import { matrixUnitOf } from './matrix-unit.js';

const config = (componentType: string, resultComponentType: string, [M, N, K]: readonly number[]) =>
  ({ componentType, resultComponentType, M, N, K }) as {
    componentType: string;
    resultComponentType: string;
    M: number;
    N: number;
    K: number;
  };
const subgroupMatrixConfigs = [
  config('f16', 'f16', [32, 32, 32]),
  config('f16', 'f32', [8, 8, 16]),
  config('f16', 'f32', [16, 16, 16]),
  config('f32', 'f32', [8, 8, 8]),
  config('f32', 'f32', [64, 6, 64]),
];

describe('the unit that multiplies', () => {
  it('is the largest of the component that is wanted most, with sums in f32', () => {
    const adapter = { subgroupMaxSize: 64, subgroupMatrixConfigs };
    const half = { component: 'f16', rows: 16, columns: 16, depth: 16, lanes: 64 };
    const single = { component: 'f32', rows: 8, columns: 8, depth: 8, lanes: 64 };
    expect(matrixUnitOf(adapter, ['f16', 'f32'])).toEqual(half);
    expect(matrixUnitOf(adapter, ['f32'])).toEqual(single);
    const apple = { ...adapter, subgroupMatrixConfigs: subgroupMatrixConfigs.toSpliced(1, 2) };
    expect(matrixUnitOf(apple, ['f16', 'f32'])).toEqual(single);
    expect(matrixUnitOf(apple, ['f16'])).toBeUndefined();
  });

  it('is none where the adapter tells of none, or of no size of subgroups', () => {
    expect(matrixUnitOf({ subgroupMaxSize: 32 }, ['f32'])).toBeUndefined();
    expect(matrixUnitOf({ subgroupMatrixConfigs }, ['f32'])).toBeUndefined();
  });
});
