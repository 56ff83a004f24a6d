/**
 * Steps that a device may leave out by itself, since only it knows whether the gradients are finite. It counts them for each parameter; the optimizer, which has
 * counted all steps, hears of that with the next value that is read.
 */
import type { Operand } from "../../backend/backend";
import type { Gate } from "../../backend/ops/amp";
import { StateError } from "../../core/errors";
import { allocate, filled } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** Parameters whose counts lie in one tensor. */
const PARAMETERS = 64;

/** What the optimizer knows of the steps of one parameter. */
interface Count {
  readonly skips: Operand;
  /** Steps that are known to have been left out. */
  known: number;
  readonly state: { step?: number };
}

/** The counts of one tensor. */
interface Chunk {
  readonly skips: Tensor;
  readonly counts: Count[];
  /** Whether the device will tell what it counts now. */
  isFollowed: boolean;
}

/** The counts of an optimizer. */
class Skips {
  private readonly chunks: Chunk[] = [];
  private readonly counts = new Map<Tensor, Count>();
  /** Steps of parameters so far, and those of which the outcome is known. */
  private steps = 0;
  private settled = 0;

  get isSettled(): boolean {
    return this.settled === this.steps;
  }

  /** The gate of the next step of a parameter. */
  gate(found: Tensor, param: Tensor, state: object): Gate {
    let count = this.counts.get(param);
    if (count === undefined || count.state !== state) count = this.add(param, state);
    this.steps++;
    for (const chunk of this.chunks) this.follow(chunk);
    return { found, skips: count.skips, attempt: (count.state.step ?? 0) + count.known + 1 };
  }

  private add(param: Tensor, state: object): Count {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || chunk.counts.length === PARAMETERS) {
      const skips = filled(allocate([PARAMETERS], "float32", param), 0);
      skips.isKept = true;
      chunk = { skips, counts: [], isFollowed: false };
      this.chunks.push(chunk);
    }
    const { storage, offset, dtype } = chunk.skips;
    const place = offset + chunk.counts.length;
    const count = { skips: { storage, offset: place, shape: [1], strides: [1], dtype }, known: 0, state };
    chunk.counts.push(count);
    this.counts.set(param, count);
    return count;
  }

  /** Asks for what the device counts. The number that it steps with, what was counted and what is known stay one sum. */
  private follow(chunk: Chunk): void {
    if (chunk.isFollowed) return;
    chunk.isFollowed = true;
    chunk.skips.storage.backend.follow!(chunk.skips, () => {
      chunk.isFollowed = false;
      const { steps } = this;
      return (values) => {
        for (const [i, count] of chunk.counts.entries()) {
          const found = Number(values[i]);
          if (count.state.step !== undefined) count.state.step -= found - count.known;
          count.known = found;
        }
        this.settled = Math.max(this.settled, steps);
      };
    });
  }
}

const counted = new WeakMap<object, Skips>();
/** What decides on the steps that are taken now. */
let found: Tensor | undefined;

/** Runs a step of an optimizer that the device leaves out unless `flag` is 0. */
export function stepUnless<R>(flag: Tensor, body: () => R): R {
  found = flag;
  try {
    return body();
  } finally {
    found = undefined;
  }
}

/** The gate of the next step of a parameter, if the device decides on it. */
export function gateOf(optimizer: object, param: Tensor, state: object): Gate | undefined {
  if (found === undefined) return undefined;
  let skips = counted.get(optimizer);
  if (skips === undefined) {
    skips = new Skips();
    counted.set(optimizer, skips);
  }
  return skips.gate(found, param, state);
}

/** @throws StateError as long as it is not known which steps were taken. */
export function checkSteps(op: string, optimizer: object): void {
  if (counted.get(optimizer)?.isSettled === false)
    throw new StateError(
      `${op}.stateDict: the GPU has not told yet which of the last steps it left out; await torch.webgpu.synchronize() first`,
    );
}

/** Forgets what was counted, since the optimizer has another state now. */
export const forgetSteps = (optimizer: object): void => void counted.delete(optimizer);
