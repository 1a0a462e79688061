/** Polls that follow each other at once, so that what takes microseconds is not waited for longer. */
const AT_ONCE = 20;
/** How long a poll waits after them, in milliseconds: far less than any step takes. */
const NAP = 0.1;
/** Polls that lie further apart than this (ms) are of two waits. */
const APART = 1;

let installed = false;

/**
 * Lets Dawn wait for the device without a core's whole time.
 *
 * Dawn's binding for Node asks whether anything is done by one `setImmediate` after the other, as
 * fast as the loop turns: in nine checks on SwiftShader, with 2 cores, 763,000 times, and 12,000 times with
 * pauses; they took 8.8 s of CPU, and take 4.9. The binding offers no other way, but looks `setImmediate` up in
 * the global object each time: here its polls, known as native functions without a name, are put to
 * sleep for a moment from the 21st in a row on. All other callers get Node's function as it is.
 */
export function pollGently(): void {
  if (installed) return;
  installed = true;
  const original = globalThis.setImmediate;
  const never = new Int32Array(new SharedArrayBuffer(4));
  let polls = 0;
  let last = 0;
  const nap = (): void => {
    if (performance.now() - last > APART) polls = 0;
    polls++;
    if (polls > AT_ONCE) Atomics.wait(never, 0, 0, NAP);
    last = performance.now();
  };
  type Callback = (...args: unknown[]) => void;
  const gentle = (callback: Callback, ...args: unknown[]): NodeJS.Immediate => {
    if (!isPoll(callback)) return original(callback, ...args);
    return original(() => {
      nap();
      callback(...args);
    });
  };
  // `util.promisify` finds its own form among the properties.
  Object.defineProperties(gentle, Object.getOwnPropertyDescriptors(original));
  globalThis.setImmediate = gentle as typeof setImmediate;
}

/** A function of the binding; a bound function is native, too, but has a name. */
function isPoll(callback: unknown): boolean {
  return (
    typeof callback === 'function' &&
    callback.name === '' &&
    Function.prototype.toString.call(callback).includes('[native code]')
  );
}
