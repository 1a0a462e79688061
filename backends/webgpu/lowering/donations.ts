import type { Named } from '../../../core/backend.js';
import { accessesOf } from './accesses.js';
import type { Cluster } from './cluster.js';
import { placesOf } from './clusters.js';
import type { Fusion } from './fusion.js';
import type { Graph } from './graph.js';

/** For each output that an input is donated for, that input. */
export function donatedHomes(graph: Graph, donate: Named<string>): ReadonlyMap<string, string> {
  const values = new Map(graph.program.outputs.map(({ name, value }) => [name, value]));
  return new Map(
    Object.entries(donate).flatMap(([input, output]) => {
      const value = values.get(output);
      return value === undefined ? [] : [[value, input] as const];
    }),
  );
}

/**
 * Outputs that can be written over the input that is donated for them: nothing reads the input
 * after they are written, and their own kernel reads of it only the element that it writes.
 */
export function placesOfDonations(
  graph: Graph,
  { clusters, isRead, reads }: Fusion,
  donate: Named<string>,
): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  const returned = graph.program.outputs.map(({ value }) => value);
  for (const [input, outputName] of Object.entries(donate)) {
    const value = graph.program.outputs.find(({ name }) => name === outputName)?.value ?? '';
    const at = clusters.findIndex(({ members }) => members.some((member) => member === value));
    const isFree =
      at >= 0 &&
      !result.has(value) &&
      !returned.includes(input) &&
      !clusters.slice(at + 1).some((cluster) => reads.get(cluster)?.has(input) === true);
    if (isFree && ownElementOnly(clusters[at] as Cluster, input, value)) result.set(value, input);
  }
  return result;

  function ownElementOnly(cluster: Cluster, input: string, value: string): boolean {
    if (reads.get(cluster)?.has(input) !== true) return true;
    if (cluster.kind !== 'map' && cluster.kind !== 'product') return false;
    const product = cluster.kind === 'product' ? cluster.product : undefined;
    // Of what a product multiplies, other invocations read the elements of this one.
    if (product !== undefined && isFactor(cluster, product, input)) return false;
    // Sums of columns are stored once their tile is summed, when elements that read the input are still to be made.
    if (cluster.kind === 'product' && value === cluster.columnSums) return false;
    const written = cluster.members.indexOf(value);
    const places = placesOf(graph, cluster);
    return cluster.members.every((member, index) => {
      if (member === product || (cluster.kind === 'product' && member === cluster.columnSums)) {
        return true;
      }
      const reading = (name: string): boolean => name === product || isRead(name, member);
      return places.every((place) =>
        accessesOf(graph, reading, member, place)
          .filter(({ name }) => name === input)
          .every((access) => index <= written && access.at.code === place.code),
      );
    });
  }

  /** Whether a product reads the input to make a value: as an operand, or for one that its kernel computes again. */
  function isFactor(cluster: Cluster, value: string, input: string): boolean {
    const [first] = cluster.members as readonly [string];
    return (graph.definition(value)?.operands ?? []).some(
      (name) => name === input || (!isRead(name, first) && isFactor(cluster, name, input)),
    );
  }
}
