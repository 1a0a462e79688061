/** What is emulated: units, and the sizes of subgroups. */
export interface Emulated {
  readonly subgroups: { readonly most: number; readonly own: number };
  readonly units: readonly {
    readonly M: number;
    readonly N: number;
    readonly K: number;
    readonly component: 'f16' | 'f32';
    readonly result: 'f16' | 'f32';
  }[];
  /** Whether units take only the first 10 bits of f32 factors, as TF32 has them. @defaultValue false */
  readonly cutsFactors?: boolean;
}

/** A matrix type of WGSL: `subgroup_matrix_left<f16, 8, 16>` has 8 columns and 16 rows. */
interface MatrixType {
  readonly kind: 'left' | 'right' | 'result';
  readonly component: string;
  readonly columns: number;
  readonly rows: number;
}

const TYPE = /subgroup_matrix_(left|right|result)<(\w+), (\d+), (\d+)>/g;
const TYPE_TEXT = String.raw`subgroup_matrix_(?:left|right|result)<\w+, \d+, \d+>`;
const LOAD = new RegExp(`subgroupMatrixLoad<(${TYPE_TEXT}), (row|col)_major>\\(&(\\w+), `, 'g');
const STORE = /subgroupMatrixStore<row_major>\(&(\w+), /g;
const ARRAY = /var<workgroup> (\w+): array<vec4<(\w+)>, (\d+)>;/g;
/** What a load yields that goes beyond its array: no sum hides it. */
const BEYOND = '1e30f';

/**
 * A kernel without what takes a device with subgroup matrices or f16, which means the same. Of a matrix that is multiplied each lane
 * holds all elements; of one of results every so-many'th four, from its own on, so that a lane has what others found only through
 * memory and a barrier. f16 is f32 rounded to it.
 *
 * As Dawn has it: a type names its columns, then its rows; an offset, and the stride from a line to the next, count the
 * elements of the array, which are vectors here.
 *
 * @throws Error for what Dawn refuses (a unit that the adapter has not, a workgroup that is no multiple of the largest
 *   subgroup), and for a text that it does not know. A stride less than a line, and lines that are not aligned as Vulkan wants, show as 1e30.
 */
export function plainWgsl(code: string, emulated: Emulated): string {
  let text = code;
  if (text.includes('enable chromium_experimental_subgroup_matrix;')) {
    text = withoutMatrices(text, emulated);
  } else if (/enable subgroups;/.test(text)) {
    throw new Error('subgroups are emulated only where they multiply matrices');
  }
  return withoutF16(text);
}

/** f16 as f32 that is rounded where it is made. */
function withoutF16(code: string): string {
  return code
    .replace('enable f16;\n', '')
    .replaceAll('return f16(x);', 'return quantizeToF16(x);')
    .replaceAll('return vec4<f16>(x);', 'return quantizeToF16(x);')
    .replaceAll(/\bf16\b/g, 'f32');
}

function withoutMatrices(
  code: string,
  { subgroups, units, cutsFactors = false }: Emulated,
): string {
  const { most, own } = subgroups;
  const lanes = Number(/@workgroup_size\((\d+)\)/.exec(code)?.[1]);
  if (lanes % most !== 0) throw new Error(`a workgroup of ${lanes} is no multiple of ${most}`);
  const types = [...code.matchAll(TYPE)].map(typeOf);
  const [left, right, result] = (['left', 'right', 'result'] as const).map((kind) =>
    theOne(types.filter((type) => type.kind === kind)),
  ) as [MatrixType, MatrixType, MatrixType];
  const isOffered = units.some(
    ({ M, N, K, component, result: sums }) =>
      [left.rows, result.rows].every((rows) => rows === M) &&
      [right.columns, result.columns].every((columns) => columns === N) &&
      [left.columns, right.rows].every((depth) => depth === K) &&
      [left.component, right.component].every((held) => held === component) &&
      result.component === sums,
  );
  if (!isOffered) throw new Error('no such unit');
  const arrays = new Map<string, WorkgroupArray>();
  for (const [, name = '', component = '', count] of code.matchAll(ARRAY)) {
    arrays.set(name, { name, component, count: Number(count) });
  }
  const fours = (result.rows * result.columns) / 4;
  const functions = new Map<string, string>();
  const text = code
    .replace('enable chromium_experimental_subgroup_matrix;\n', '')
    .replace('enable subgroups;\n', '')
    .replaceAll(/, @builtin\(subgroup_\w+\) \w+: u32/g, '')
    .replaceAll(LOAD, (_, type: string, order: string, array: string) => {
      const matrix = typeOf(new RegExp(TYPE.source).exec(type) as RegExpMatchArray);
      const name = `load_${matrix.kind}_${order}_${array}`;
      functions.set(name, loading(name, matrix, order, arrayNamed(arrays, array, matrix)));
      return `${name}(`;
    })
    .replaceAll(STORE, (_, array: string) => {
      const name = `store_${array}`;
      functions.set(name, storing(name, result, arrayNamed(arrays, array, result), own));
      return `${name}(`;
    })
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'multiply_accumulate(')
    .replaceAll(/subgroup_matrix_result<\w+, \d+, \d+>\(\)/g, `Result()`)
    .replace(
      /@compute[\s\S]*?\{\n/,
      (main) =>
        `${[...functions.values()].join('\n')}\n${main}` +
        `  let subgroup_id = lane / ${own}u;\n  let subgroup_lane = lane % ${own}u;\n  let subgroup_size = ${own}u;\n` +
        '  own_lane = subgroup_lane;\n',
    );
  if (/subgroup_?matrix/i.test(text)) throw new Error(`a text that is not emulated: ${text}`);
  return [
    // Enables stand first.
    ...(text.includes('enable f16;') ? ['enable f16;'] : []),
    `alias Left = array<${left.component}, ${left.rows * left.columns}>;`,
    `alias Right = array<${right.component}, ${right.rows * right.columns}>;`,
    `alias Result = array<vec4<${result.component}>, ${Math.ceil(fours / own)}>;`,
    'var<private> own_lane: u32;',
    'fn multiply_accumulate(a: Left, b: Right, c: Result) -> Result {',
    '  var left = a;',
    '  var right = b;',
    '  var sums = c;',
    `  for (var four = own_lane; four < ${fours}u; four += ${own}u) {`,
    `    let row = 4u * four / ${result.columns}u;`,
    `    let column = 4u * four % ${result.columns}u;`,
    `    for (var k = 0u; k < ${left.columns}u; k++) {`,
    `      let whole = f32(left[row * ${left.columns}u + k]);`,
    `      let factor = ${cutsFactors ? 'bitcast<f32>(bitcast<u32>(whole) & 0xffffe000u)' : 'whole'};`,
    `      let at = k * ${result.columns}u + column;`,
    '      let others = vec4(f32(right[at]), f32(right[at + 1u]), f32(right[at + 2u]), f32(right[at + 3u]));',
    `      sums[four / ${own}u] += factor * others;`,
    '    }',
    '  }',
    '  return sums;',
    '}',
    text.replace('enable f16;\n', ''),
  ].join('\n');
}

/** An array of fours in workgroup memory. */
interface WorkgroupArray {
  readonly name: string;
  readonly component: string;
  readonly count: number;
}

function arrayNamed(
  arrays: ReadonlyMap<string, WorkgroupArray>,
  name: string,
  { component }: MatrixType,
): WorkgroupArray {
  const found = arrays.get(name);
  if (found === undefined) throw new Error(`${name} is no array of fours in workgroup memory`);
  // Dawn would take the bits of other numbers for such.
  if (found.component !== component) throw new Error(`${name} does not hold ${component}`);
  return found;
}

function loading(name: string, type: MatrixType, order: string, array: WorkgroupArray): string {
  const { rows, columns, kind, component } = type;
  const [line, next, length] =
    order === 'row' ? (['row', 'column', columns] as const) : (['column', 'row', rows] as const);
  const alias = kind === 'left' ? 'Left' : 'Right';
  const bytes = component === 'f16' ? 2 : 4;
  // Vulkan's rule for lines of a matrix: 16 bytes, or a line where that is less.
  const aligned = Math.min(16, length * bytes) / bytes;
  return [
    `fn ${name}(offset: u32, stride: u32) -> ${alias} {`,
    `  var elements = ${alias}();`,
    `  for (var row = 0u; row < ${rows}u; row++) {`,
    `    for (var column = 0u; column < ${columns}u; column++) {`,
    `      let at = 4u * (offset + ${line} * stride) + ${next};`,
    `      var element = ${array.name}[min(at / 4u, ${array.count - 1}u)][at % 4u];`,
    `      let isAligned = 4u * stride % ${aligned}u == 0u && 4u * offset % ${aligned}u == 0u;`,
    `      if (at >= ${4 * array.count}u || 4u * stride < ${length}u || !isAligned) { element = ${component}(${BEYOND}); }`,
    `      elements[row * ${columns}u + column] = element;`,
    '    }',
    '  }',
    '  return elements;',
    '}',
  ].join('\n');
}

function storing(name: string, type: MatrixType, array: WorkgroupArray, own: number): string {
  const { rows, columns } = type;
  return [
    `fn ${name}(offset: u32, elements: Result, stride: u32) {`,
    '  var sums = elements;',
    `  for (var four = own_lane; four < ${(rows * columns) / 4}u; four += ${own}u) {`,
    `    let at = offset + 4u * four / ${columns}u * stride + four % ${columns / 4}u;`,
    `    if (at >= ${array.count}u || 4u * stride < ${columns}u) { break; }`,
    `    ${array.name}[at] = sums[four / ${own}u];`,
    '  }',
    '}',
  ].join('\n');
}

function typeOf([, kind, component = '', columns, rows]: RegExpMatchArray): MatrixType {
  return {
    kind: kind as MatrixType['kind'],
    component,
    columns: Number(columns),
    rows: Number(rows),
  };
}

/** The type that all are. */
function theOne(types: readonly MatrixType[]): MatrixType {
  const [first] = types;
  if (first === undefined) throw new Error('a kind of matrix is missing');
  const same = ({ component, columns, rows }: MatrixType): boolean =>
    component === first.component && columns === first.columns && rows === first.rows;
  if (!types.every(same)) throw new Error('matrices of one kind differ');
  return first;
}
