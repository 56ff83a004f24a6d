/** Convolutions by the sums that define them. */
import { type FloatArray, type FloatType, type Instance, stream } from "./instance";

/** Size, kernel, stride, padding, dilation. */
export type Axis = readonly [size: number, kernel: number, stride: number, pad: number, dilation: number];

export interface Convolution {
  readonly n: number;
  readonly groups: number;
  readonly c: number;
  readonly o: number;
  readonly d: Axis;
  readonly h: Axis;
  readonly w: Axis;
  readonly bias?: boolean;
}

export const LINE: Axis = [1, 1, 1, 0, 1];

export const outputs = ([size, kernel, stride, pad, dilation]: Axis) =>
  Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;

/** Calls `visit` with the positions in y, x and w of every product that a convolution adds up. */
function forEachProduct(g: Convolution, visit: (y: number, x: number, w: number) => void): void {
  const [cg, og] = [g.c / g.groups, g.o / g.groups];
  const reach = (axis: Axis) => {
    const [size, kernel, stride, pad, dilation] = axis;
    return Array.from({ length: outputs(axis) }, (_, out) =>
      Array.from({ length: kernel }, (_, tap) => out * stride - pad + tap * dilation).map((at) =>
        at >= 0 && at < size ? at : -1,
      ),
    );
  };
  const [depths, lines, columns] = [reach(g.d), reach(g.h), reach(g.w)];
  let y = 0;
  for (let n = 0; n < g.n; n++)
    for (let o = 0; o < g.o; o++)
      for (const ds of depths)
        for (const hs of lines)
          for (const ws of columns) {
            let w = o * cg * ds.length * hs.length * ws.length;
            const first = n * g.c + Math.floor(o / og) * cg;
            for (let c = first; c < first + cg; c++)
              for (const d of ds)
                for (const h of hs)
                  for (const v of ws) {
                    if (d >= 0 && h >= 0 && v >= 0) visit(y, ((c * g.d[0] + d) * g.h[0] + h) * g.w[0] + v, w);
                    w++;
                  }
            y++;
          }
}

/** The operands of a convolution in the memory of an instance, and what its passes should give. */
export interface Problem {
  /** Address of the geometry (assembly/conv/geometry.ts). */
  readonly geometry: number;
  readonly image: FloatArray;
  readonly weight: FloatArray;
  readonly bias: FloatArray;
  /** The gradient of y. */
  readonly gradient: FloatArray;
  /** For the results; NaN. */
  readonly y: FloatArray;
  readonly gx: FloatArray;
  readonly gw: FloatArray;
  readonly gb: FloatArray;
  readonly expected: {
    readonly y: Float64Array;
    readonly gx: Float64Array;
    readonly gw: Float64Array;
    readonly gb: Float64Array;
  };
  /** Most terms of a sum. */
  readonly terms: number;
}

export function pose(x: Instance, type: FloatType, g: Convolution): Problem {
  x.reset();
  const axes = [g.d, g.h, g.w];
  const out = axes.map(outputs);
  const pick = (index: number) => axes.map((a) => a[index]!);
  const fields = [1, 2, 3, 4].flatMap(pick);
  const geometry = x.ints([g.n, g.groups, g.c, g.o, ...pick(0), ...out, ...fields]);
  const next = stream(g.c * 7 + g.o);
  const [plane, outPlane] = [g.d[0] * g.h[0] * g.w[0], out[0]! * out[1]! * out[2]!];
  const image = x.floats(type, g.n * g.c * plane, next);
  const weight = x.floats(type, g.o * (g.c / g.groups) * g.d[1] * g.h[1] * g.w[1], next);
  const bias = x.floats(type, g.o, next);
  const gradient = x.floats(type, g.n * g.o * outPlane, next);
  const unset = (length: number) => x.floats(type, length, () => Number.NaN);
  return {
    geometry,
    image,
    weight,
    bias,
    gradient,
    y: unset(gradient.length),
    gx: unset(image.length),
    gw: unset(weight.length),
    gb: unset(g.o),
    expected: solve(g, outPlane, image, weight, bias, gradient),
    terms: Math.max((Math.max(g.c, g.o) / g.groups) * g.d[1] * g.h[1] * g.w[1], g.n * outPlane),
  };
}

/** The sums that define the four results, in float64. */
function solve(
  g: Convolution,
  outPlane: number,
  image: FloatArray,
  weight: FloatArray,
  bias: FloatArray,
  gradient: FloatArray,
): Problem["expected"] {
  const [y, gx, gw, gb] = [gradient, image, weight, bias].map(({ length }) => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const channel = (at: number) => Math.floor(at / outPlane) % g.o;
  if (g.bias) for (let i = 0; i < y.length; i++) y[i] = bias[channel(i)]!;
  gradient.forEach((value, i) => {
    gb[channel(i)]! += value;
  });
  const [xs, ws, gs] = [image, weight, gradient].map((v) => Float64Array.from(v)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  forEachProduct(g, (i, j, k) => {
    y[i]! += xs[j]! * ws[k]!;
    gx[j]! += gs[i]! * ws[k]!;
    gw[k]! += gs[i]! * xs[j]!;
  });
  return { y, gx, gw, gb };
}
