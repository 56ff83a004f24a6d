import { type Binary, binary, type ScaledBinary, scaledBinary } from "../builders/define";

/** 0 where x ≤ 0, g elsewhere, at NaN too: the gradient of relu and its kin. @see torch.threshold_backward */
export const thresholdBackward: Binary = binary("thresholdBackward", {
  dtypes: "floating",
  domain: [-5, 5],
  saves: ["b"],
  js: (g, x) => (x > 0 ? g : 0),
  grads: [(h, { b }) => thresholdBackward(h, b), null],
});

/** 0 where |x| ≥ alpha, g elsewhere, at NaN too: the gradient of hardtanh and its kin. @see torch.ops.aten.hardtanh_backward */
export const insideBackward: ScaledBinary = scaledBinary("insideBackward", {
  dtypes: "floating",
  domain: [-5, 5],
  saves: ["b"],
  grads: [(h, { b, p }) => insideBackward(h, b, { alpha: p }), null],
});

/** g where x > 0, else alpha · g: the gradient of leakyRelu. @see torch.ops.aten.leaky_relu_backward */
export const leakyReluBackward: ScaledBinary = scaledBinary("leakyReluBackward", {
  dtypes: "floating",
  domain: [-5, 5],
  saves: ["b"],
  grads: [(h, { b, p }) => leakyReluBackward(h, b, { alpha: p }), null],
});

/** g · (x/3 + ½) where |x| ≤ 3, g above, 0 below: the gradient of hardswish. @see torch.ops.aten.hardswish_backward */
export const hardswishBackward: Binary = binary("hardswishBackward", {
  dtypes: "floating",
  domain: [-5, 5],
  saves: ["a", "b"],
  grads: [(h, { b }) => hardswishBackward(h, b), (h, { a, b }) => insideBackward(h.mul(a), b, { alpha: 3 }).div(3)],
});

/** g · y · (1 − y): the gradient of sigmoid with result y. @see torch.sigmoid_backward */
export const sigmoidBackward: Binary = binary("sigmoidBackward", {
  dtypes: "float",
  domain: [-2, 2],
  saves: ["a", "b"],
  js: (g, y) => g * y * (1 - y),
  grads: [(h, { b }) => sigmoidBackward(h, b), (h, { a, b }) => h.mul(a).mul(b.mul(-2).add(1))],
});

/** g · (1 − y²): the gradient of tanh with result y. @see torch.tanh_backward */
export const tanhBackward: Binary = binary("tanhBackward", {
  dtypes: "float",
  domain: [-2, 2],
  saves: ["a", "b"],
  js: (g, y) => g * (1 - y * y),
  grads: [(h, { b }) => tanhBackward(h, b), (h, { a, b }) => h.mul(a).mul(b).mul(-2)],
});

/** g · (Φ(x) + x · φ(x)): the gradient of gelu. @see torch.ops.aten.gelu_backward */
export const geluBackward: Binary = binary("geluBackward", {
  dtypes: "float",
  domain: [-3, 3],
  saves: ["a", "b"],
  grads: [
    (h, { b }) => geluBackward(h, b),
    (h, { a, b }) => {
      const square = b.mul(b);
      const density = square
        .mul(-0.5)
        .exp()
        .mul(1 / Math.sqrt(2 * Math.PI));
      return h.mul(a).mul(density).mul(square.neg().add(2));
    },
  ],
});

/** g · s · (1 + x · (1 − s)) with s = sigmoid(x): the gradient of silu. @see torch.ops.aten.silu_backward */
export const siluBackward: Binary = binary("siluBackward", {
  dtypes: "float",
  domain: [-3, 3],
  saves: ["a", "b"],
  grads: [
    (h, { b }) => siluBackward(h, b),
    (h, { a, b }) => {
      const s = b.sigmoid();
      const slope = s.mul(s.neg().add(1));
      return h
        .mul(a)
        .mul(slope)
        .mul(b.mul(s.mul(-2).add(1)).add(2));
    },
  ],
});
