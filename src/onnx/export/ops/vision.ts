/** Ops on boxes and regions. */
import type { Args, Forms } from "../form";
import { float, type Graph } from "../graph";
import type { Value } from "../types";

/** Boxes and the number of the picture of each. */
function regions(g: Graph, boxes: Value | readonly Value[]): [boxes: Value, pictures: Value] {
  if (!Array.isArray(boxes)) {
    const all = boxes as Value;
    const pictures = g.add("Gather", [all, g.scalar(0, "int64")], { axis: 1 });
    return [g.slice(all, [1], [1], [5]), g.cast(pictures, "int64")];
  }
  const pictures = boxes.map((own: Value, i) => g.add("Expand", [g.scalar(i, "int64"), g.ints([own.shape[0]!])]));
  const join = (list: Value[]): Value => (list.length === 1 ? list[0]! : g.add("Concat", list, { axis: 0 }));
  return [join([...boxes]), join(pictures)];
}

const pair = (x: number | readonly number[]): readonly number[] => (typeof x === "number" ? [x, x] : x);

function roiAlign(g: Graph, a: Args): Value {
  const isAligned = a.aligned ?? false;
  if (isAligned && g.opset < 16) throw g.refuse(`that is aligned needs opset 16 or above, got ${g.opset}`);
  const [boxes, pictures] = regions(g, a.boxes);
  const [height, width] = pair(a.outputSize);
  return g.add("RoiAlign", [a.input, boxes, pictures], {
    output_height: height,
    output_width: width,
    spatial_scale: float(a.spatialScale ?? 1),
    sampling_ratio: Math.max(0, a.samplingRatio ?? -1),
    coordinate_transformation_mode: g.opset < 16 ? undefined : isAligned ? "half_pixel" : "output_half_pixel",
  });
}

export const vision: Forms = {
  roiAlign,
  roiPool: (g, a) => {
    const [boxes, pictures] = regions(g, a.boxes);
    const rois = g.add("Concat", [g.unsqueeze(g.cast(pictures, boxes.dtype), [1]), boxes], { axis: 1 });
    return g.add("MaxRoiPool", [a.input, rois], {
      pooled_shape: pair(a.outputSize),
      spatial_scale: float(a.spatialScale ?? 1),
    });
  },
  nms: (g, a) => {
    const threshold = g.constant([a.iouThreshold], "float32");
    const most = g.constant([2 ** 31 - 1], "int64");
    const scores = g.unsqueeze(a.scores, [0, 1]);
    const found = g.add("NonMaxSuppression", [g.unsqueeze(a.boxes, [0]), scores, most, threshold], {}, "int64");
    return g.add("Gather", [found, g.scalar(2, "int64")], { axis: 1 });
  },
};
