/** Optical flow as colors. */
import { noGrad } from "../../autograd/scopes";
import { ArgumentError, DTypeError, describe, ShapeError } from "../../core/errors";
import { named } from "../../core/signature";
import { tensor } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";

/** Steps from red to yellow, green, cyan, blue, magenta and back. */
const steps = [15, 6, 4, 11, 13, 6];
/** In each stretch: the channel that is full, the one that changes, and whether it rises. */
const stretches = [
  [0, 1, true],
  [1, 0, false],
  [1, 2, true],
  [2, 1, false],
  [2, 0, true],
  [0, 2, false],
] as const;

/** The wheel of Baker et al., "A Database and Evaluation Methodology for Optical Flow" (2007): 55 colors of three values. */
function colorWheel(): Float32Array[] {
  return stretches.flatMap(([full, changing, rises], i) =>
    Array.from({ length: steps[i]! }, (_, k) => {
      const color = new Float32Array(3);
      const part = Math.floor(Math.fround(Math.fround(255 * k) / steps[i]!));
      color[full] = 255;
      color[changing] = rises ? part : 255 - part;
      return color;
    }),
  );
}

const f = Math.fround;

/** Colors of the angles, pale where the flow is slow, as bytes of [3, pixels] from `at` on. */
function paint(flow: Float32Array, size: number, from: number, most: number, out: Uint8Array, at: number): void {
  const wheel = colorWheel();
  const scale = f(most + 2 ** -23);
  for (let i = 0; i < size; i++) {
    const [u, v] = [f(flow[from + i]! / scale), f(flow[from + size + i]! / scale)];
    const norm = f(Math.sqrt(f(f(u * u) + f(v * v))));
    const angle = f(f(Math.atan2(-v, -u)) / f(Math.PI));
    const place = f(f(f(angle + 1) / 2) * (wheel.length - 1));
    const first = Math.floor(place);
    const part = f(place - first);
    const [a, b] = [wheel[first]!, wheel[(first + 1) % wheel.length]!];
    for (let k = 0; k < 3; k++) {
      const color = f(f(f(1 - part) * f(a[k]! / 255)) + f(part * f(b[k]! / 255)));
      out[at + k * size + i] = Math.floor(f(255 * f(1 - f(norm * f(1 - color)))));
    }
  }
}

/**
 * A flow as colors: the direction as the hue, the speed, relative to the fastest, as the saturation.
 * @see torchvision.utils.flow_to_image
 * @param flow float32 of shape [2, height, width] or [n, 2, height, width].
 * @returns uint8 of shape [3, height, width] or [n, 3, height, width].
 * @throws DTypeError, ShapeError, ArgumentError.
 */
export const flowToImage = named("flowToImage", "flow", (flow: Tensor): Tensor => {
  if (!(flow instanceof Tensor)) throw new ArgumentError(`flowToImage: flow must be a tensor, got ${describe(flow)}`);
  if (flow.dtype !== "float32")
    throw new DTypeError(`flowToImage: Flow should be of dtype torch.float, got ${flow.dtype}.`);
  const batch = flow.dim() === 3 ? [1, ...flow.shape] : flow.shape;
  if (batch.length !== 4 || batch[1] !== 2)
    throw new ShapeError(
      `flowToImage: Input flow should have shape (2, H, W) or (N, 2, H, W), got [${flow.shape.join(", ")}].`,
    );
  const [n, , height, width] = batch as [number, number, number, number];
  const size = height * width;
  const values = noGrad(() => flow.detach().toTypedArray()) as Float32Array;
  let most = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < size; j++) {
      const [u, v] = [values[2 * i * size + j]!, values[(2 * i + 1) * size + j]!];
      most = Math.max(most, f(Math.sqrt(f(f(u * u) + f(v * v)))));
    }
  const out = new Uint8Array(3 * n * size);
  for (let i = 0; i < n; i++) paint(values, size, 2 * i * size, most, out, 3 * i * size);
  return tensor(out).view(flow.dim() === 3 ? [3, height, width] : [n, 3, height, width]);
});
