/**
 * Who was asked to compute broke down instead of refusing: it died, hung, reported an error of its
 * own, or answered with something that is no answer. The next request may still be answered.
 */
export class Breakdown extends Error {
  override readonly name: string = 'Breakdown';
}

/** No whole answer came in time. */
export class DeadlineMissed extends Breakdown {
  override readonly name: string = 'DeadlineMissed';
}

/** Nothing more can be asked of a port: it broke down too often in a row. */
export class PortLost extends Error {
  override readonly name: string = 'PortLost';
}
