/** Windows that slide over the spatial axes of an input: what convolutions and pooling share. */

/** Each list has a number per spatial axis, of which there are one to three. */
export interface SlidingWindows {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}
