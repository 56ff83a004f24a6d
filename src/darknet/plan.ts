/** What a configuration says of a layer before anything of it is allocated. */
import type { Layer } from "./layers/layer";
import type { Section } from "./section";

/** Channels, height and width of what a layer gives for one picture. */
export type Shape = readonly [channels: number, height: number, width: number];

/** Elements of one picture in one layer. */
const MOST_ELEMENTS = 2 ** 28;

export interface Plan {
  readonly shape: Shape;
  /** Numbers of the layer in a `.weights` file. */
  readonly count: number;
  /** The layers that it reads, by their numbers; -1 stands for the pictures. */
  readonly sources: readonly number[];
  make(): Layer;
}

/** What the builder of a layer sees of the network. */
export interface Context {
  /** The layer's number. */
  readonly index: number;
  /** What the layer before gives. */
  readonly input: Shape;
  readonly plans: readonly Plan[];
  readonly sections: readonly Section[];
  /** Whether a layer before is of fixed size, or this one: other pictures than those of `[net]` do not fit. */
  fix(): void;
}

export type Builder = (section: Section, context: Context) => Plan;

export const sizeOf = ([channels, height, width]: Shape): number => channels * height * width;

/** @throws FormatError unless it is a shape of a size that can be. */
export function checkShape(section: Section, shape: Shape): Shape {
  if (shape.every((n) => Number.isInteger(n) && n >= 1) && sizeOf(shape) <= MOST_ELEMENTS) return shape;
  throw section.fail(
    `its output would be of shape [${shape.join(", ")}]; sizes are at least 1, elements at most ${MOST_ELEMENTS}`,
  );
}

/** A layer without weights that reads the one before. */
export const plain = (section: Section, context: Context, shape: Shape, make: () => Layer): Plan => ({
  shape: checkShape(section, shape),
  count: 0,
  sources: [context.index - 1],
  make,
});

/** The number of an earlier layer: negative numbers count back from this one. @throws FormatError for any other. */
export function resolve(section: Section, context: Context, key: string, given: number): number {
  const at = given < 0 ? context.index + given : given;
  if (at >= 0 && at < context.index) return at;
  throw section.fail(
    `${key} must name an earlier layer, from 0 to ${context.index - 1} or negative, got ${given}`,
    key,
  );
}
