/** Pictures of other sizes, and samples at given places. */
import type { Args, FormCall, Forms } from "../form";
import { float, type Graph } from "../graph";
import type { Value } from "../types";
import { pooling } from "./pooling";

const linearModes = new Set(["linear", "bilinear", "trilinear"]);

/** How ONNX calls a mode, and where it takes samples. */
function modeOf(mode: string, alignCorners: boolean) {
  if (mode === "nearest") return { mode, coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  if (mode === "nearest-exact")
    return { mode: "nearest", coordinate_transformation_mode: "half_pixel", nearest_mode: "round_prefer_ceil" };
  const kind = linearModes.has(mode) ? { mode: "linear" } : { mode: "cubic", cubic_coeff_a: float(-0.75) };
  return { ...kind, coordinate_transformation_mode: alignCorners ? "align_corners" : "pytorch_half_pixel" };
}

function interpolate(g: Graph, a: Args, call: FormCall): Value {
  const mode = a.mode ?? "nearest";
  const { shape } = call.out[0]!;
  if (mode === "area") {
    const dims = shape.length - 2;
    const lower = pooling[`adaptiveAvgPool${dims}d`] as any;
    return lower(g, a, call);
  }
  if (a.antialias && g.opset < 18) throw g.refuse(`with antialias needs opset 18 or above, got ${g.opset}`);
  const cubic = mode === "bicubic" && a.antialias ? { cubic_coeff_a: float(-0.5) } : {};
  const attributes = { ...modeOf(mode, a.alignCorners ?? false), ...cubic, antialias: a.antialias ? 1 : undefined };
  const scales = a.scaleFactor == null ? null : [a.scaleFactor].flat();
  if (scales === null || a.recomputeScaleFactor)
    return g.add("Resize", [a.input, null, null, g.ints(shape)], attributes);
  const dims = shape.length - 2;
  const perAxis = scales.length === 1 ? new Array(dims).fill(scales[0]) : scales;
  return g.add("Resize", [a.input, null, g.constant([1, 1, ...perAxis], "float32")], attributes);
}

const samplers = ["bilinear", "nearest", "bicubic"];
const paddings = ["zeros", "border", "reflection"];

function gridSample(g: Graph, a: Args): Value {
  if (g.opset < 16) throw g.refuse(`needs opset 16 or above, got ${g.opset}`);
  if (a.input.shape.length > 4 && g.opset < 20) throw g.refuse(`of volumes needs opset 20, got ${g.opset}`);
  const given = typeof a.interpolationMode === "number" ? samplers[a.interpolationMode]! : (a.mode ?? "bilinear");
  const mode =
    g.opset < 20 ? given : (({ bilinear: "linear", bicubic: "cubic" } as Record<string, string>)[given] ?? given);
  const padding = typeof a.paddingMode === "number" ? paddings[a.paddingMode]! : (a.paddingMode ?? "zeros");
  return g.add("GridSample", [a.input, a.grid], {
    mode,
    padding_mode: padding,
    align_corners: Number(a.alignCorners ?? false),
  });
}

export const resizing: Forms = {
  interpolate,
  upsample: interpolate,
  upsampleNearest: (g, a, call) => interpolate(g, { ...a, mode: "nearest" }, call),
  upsampleBilinear: (g, a, call) => interpolate(g, { ...a, mode: "bilinear", alignCorners: true }, call),
  gridSample,
  gridSampler: gridSample,
};
