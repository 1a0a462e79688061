/** Threads of Node there are none of: `data.workers` is 0. */
export class Worker {
  constructor() {
    throw new Error('a browser has no threads of Node: set data.workers to 0');
  }
}
