import { ARITHMETIC_FAULTS } from './faulty-arithmetic.js';
import { COMPOSITE_FAULTS } from './faulty-composites.js';
import { MODEL_FAULTS } from './faulty-models.js';
import { PRIMITIVE_FAULTS } from './faulty-primitives.js';
import { TRANSPORT_FAULTS } from './faulty-transport.js';
import type { FleetMember } from './legal.js';

/** A backend with a planted fault, and the families of cases (by the start of their id) that must find it. */
export interface Fault extends FleetMember {
  readonly foundBy: string;
}

/** Backends with one fault each; every one must fail. */
export const FAULTY_FLEET: readonly Fault[] = [
  ...TRANSPORT_FAULTS,
  ...ARITHMETIC_FAULTS,
  ...PRIMITIVE_FAULTS,
  ...COMPOSITE_FAULTS,
  ...MODEL_FAULTS,
];
