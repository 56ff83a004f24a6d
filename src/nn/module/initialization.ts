/** What the initializers share with layers, and nobody else needs. */
import { ValueError } from "../../core/errors";
import { shapeText, sizeOfShape } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";

/** The connections into and out of a unit of a weight of shape [out, in, …]. */
export function fans(op: string, x: Tensor): { fanIn: number; fanOut: number } {
  if (x.ndim < 2)
    throw new ValueError(
      `${op}: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape ${shapeText(x.shape)}`,
    );
  const receptiveField = sizeOfShape(x.shape.slice(2));
  return { fanIn: x.shape[1]! * receptiveField, fanOut: x.shape[0]! * receptiveField };
}

let isSkipping = false;

/** Whether initializers leave tensors as they are. */
export const isSkippingInit = (): boolean => isSkipping;

/** Runs `body` while the functions of `init.ts` leave tensors as they are. */
export function withoutInit<T>(body: () => T): T {
  const before = isSkipping;
  isSkipping = true;
  try {
    return body();
  } finally {
    isSkipping = before;
  }
}
