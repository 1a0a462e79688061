import { type Meanings, PRIMITIVES, type Primitives } from '../../reference/index.js';
import { type Attributes, type Composite, compositeNamed } from '../../spec/program/index.js';

/** The spec's meanings but for one composite. */
export function meaningsWith<A extends Attributes>(composite: Composite<A>): Meanings {
  return {
    composite: (name) =>
      name === composite.name ? (composite as Composite) : compositeNamed(name),
  };
}

/** The spec's meanings but for some primitives. */
export function meaningsWithPrimitives(primitives: Partial<Primitives>): Meanings {
  return { primitives: { ...PRIMITIVES, ...primitives } };
}
