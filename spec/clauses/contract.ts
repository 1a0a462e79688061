import { type Area, clause } from './clause.js';

export const CONTRACT: Area = {
  title: 'The backend contract',
  introduction:
    'What a backend promises beside its numbers (`core/backend.ts`). Handles of tensors belong to the backend that made them.',
  clauses: [
    clause(
      'contract.transfer',
      'What is uploaded comes back from a download bit for bit, for every element type and shape, scalars and empty tensors included. Later changes of the host memory change nothing.',
    ),
    clause(
      'contract.types',
      'Each output has the element type and shape that its program declares.',
    ),
    clause(
      'contract.errors',
      'A run with an input missing, of another type or shape, released, donated or of another backend is refused with an error that names the input; nothing else breaks.',
    ),
    clause(
      'contract.donation.order',
      'A donated input may be overwritten only when nothing reads it any more: every output is computed from the old value.',
      { needs: ['contract.transfer'] },
    ),
    clause(
      'contract.donation.handle',
      'The handle of a donated input is invalid after the run, whether or not its memory was used again.',
    ),
    clause('contract.release', 'A release frees a tensor once; a second release does nothing.'),
    clause('contract.leaks', 'A run leaves no tensor behind but its outputs.'),
    clause(
      'contract.outputs',
      'An input may be an output, one value may be several, and one may be made of another: each gets a handle of its own. Results stay as they are whatever runs after.',
    ),
    clause(
      'contract.independence',
      'Executables share no state, of one program or of several that are alike: each gives its own results, and disposing of one leaves the others usable.',
    ),
    clause(
      'contract.determinism',
      'A backend that calls itself deterministic gives equal bits for equal inputs, on one device with one number of threads, whatever runs beside it.',
    ),
    clause(
      'contract.residency',
      'Tensors of a backend that calls itself resident stay on its device: a run takes no time for elements that it does not read.',
      { needs: ['contract.transfer'] },
    ),
  ],
};
