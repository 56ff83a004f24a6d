/** Pixels of windows, and how they lie to each other. */

import { tensor } from "../../../tensor/create";
import type { Tensor } from "../../../tensor/tensor";

/** Height and width. */
export type Size = readonly [height: number, width: number];

/** For each pair of pixels of a window, where the table of all relative positions has theirs. Shape: [(h · w)²]. */
export function relativePositions([height, width]: Size): Tensor {
  const positions = Array.from({ length: height * width }, (_, i) => [Math.floor(i / width), i % width] as const);
  const indices = positions.flatMap(([y, x]) =>
    positions.map(([otherY, otherX]) => (y - otherY + height - 1) * (2 * width - 1) + (x - otherX + width - 1)),
  );
  return tensor(indices, { dtype: "int64" });
}
