/** How a gradient of the input of a convolution deals with strides. */
import type { ConvolutionGeometry } from "../../../ops";
import { product } from "./axes";

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Inputs of which the positions leave the same remainder see the same taps, and no others. Each such
 * phase is a product of its own, so that no term is 0 for the stride alone.
 */
export interface Phases {
  /** Taps apart that one input sees, along each axis. */
  readonly steps: readonly number[];
  /** The most taps that one input sees, and the most inputs of a phase, along each axis. */
  readonly taps: readonly number[];
  readonly positions: readonly number[];
  readonly phases: number;
  readonly phaseTaps: number;
  readonly phasePositions: number;
}

export function phasesOf({ stride, dilation, kernel, input }: ConvolutionGeometry): Phases {
  const steps = stride.map((s, axis) => s / gcd(s, dilation[axis]!));
  const taps = kernel.map((k, axis) => Math.ceil(k / steps[axis]!));
  const positions = input.map((size, axis) => Math.ceil(size / stride[axis]!));
  const [phases, phaseTaps, phasePositions] = [product(stride), product(taps), product(positions)];
  return { steps, taps, positions, phases, phaseTaps, phasePositions };
}
