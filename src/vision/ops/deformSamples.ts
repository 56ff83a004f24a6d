/** What the moved taps of a deformable convolution see: by kernels, and by ops that can be differentiated any number of times. */

import { grad } from "../../autograd/backward";
import { isGradEnabled } from "../../autograd/mode";
import { record } from "../../autograd/node";
import type { Deformation } from "../../backend/ops";
import { arange } from "../../ops/creation/ranges";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import "../kernels";

export type { Deformation } from "../../backend/ops";

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/**
 * What each tap sees at each place. Shape: [N, C · taps, H′ · W′].
 * @param offset Shape: [N, 2 · G · taps, H′, W′].
 * @param mask Shape: [N, G · taps, H′, W′].
 */
export function columnsOf(x: Tensor, offset: Tensor, mask: Tensor | null, d: Deformation): Tensor {
  const { input, images, kernel, output } = d;
  const y = allocate([images, input[0]! * product(kernel), product(output)], x.dtype, x);
  if (y.numel() > 0) {
    x.storage.backend.run("deformColumns", {
      y,
      x: x.contiguous(),
      offset: offset.contiguous(),
      mask: mask?.contiguous(),
      deformation: d,
    });
  }
  const inputs = mask === null ? [x, offset] : [x, offset, mask];
  return record("DeformConv2DBackward", y, inputs, inputs, ([g], saved, needs) =>
    isGradEnabled() ? gradientsByOps(g!, saved, needs, d) : gradients(g!, saved, needs, d),
  );
}

function gradients(g: Tensor, [x, offset, mask]: readonly Tensor[], needs: readonly boolean[], d: Deformation) {
  const [dense, moved, weight] = [g.contiguous(), offset!.contiguous(), mask?.contiguous()];
  const gx = needs[0] ? inputGradient(dense, x!, moved, weight, d) : undefined;
  if (!needs[1] && !needs[2]) return [gx, undefined, undefined];
  const goffset = allocate(offset!.shape, g.dtype, g);
  const gmask = mask === undefined ? undefined : allocate(mask.shape, g.dtype, g);
  if (goffset.numel() > 0) {
    g.storage.backend.run("deformOffsetGradient", {
      gOffset: goffset,
      gMask: gmask,
      gy: dense,
      x: x!.contiguous(),
      offset: moved,
      mask: weight,
      deformation: d,
    });
  }
  return [gx, goffset, gmask];
}

function inputGradient(g: Tensor, x: Tensor, offset: Tensor, mask: Tensor | undefined, d: Deformation): Tensor {
  const gx = allocate(x.shape, g.dtype, g);
  if (gx.numel() === 0) return gx;
  g.storage.backend.run("deformInputGradient", { gx, gy: g, offset, mask, deformation: d });
  return gx;
}

/** The gradients as functions of everything: of what the kernels compute, by ops, for gradients of gradients. */
function gradientsByOps(g: Tensor, saved: readonly Tensor[], needs: readonly boolean[], d: Deformation) {
  const wanted = saved.filter((_, i) => needs[i]);
  const [x, offset, mask] = saved as readonly [Tensor, Tensor, Tensor?];
  const columns = sampledColumns(x, offset, mask ?? null, d);
  const found = grad(columns, wanted, { gradOutputs: g, createGraph: true });
  return saved.map((_, i) => (needs[i] ? found.at(needs.slice(0, i).filter(Boolean).length) : undefined));
}

/** Where the taps lie along an axis without offsets. Shape: [taps, H′, W′]. */
function places({ kernel, output, stride, padding, dilation }: Deformation, axis: 0 | 1, like: Tensor): Tensor {
  const along = (count: number, shape: readonly number[], factor: number) =>
    arange(count, { device: like.device }).mul(factor).reshape(shape).to(like.dtype);
  const taps = axis === 0 ? [kernel[0], 1, 1, 1] : [1, kernel[1], 1, 1];
  const outputs = axis === 0 ? [1, 1, output[0], 1] : [1, 1, 1, output[1]];
  const at = along(kernel[axis], taps, dilation[axis]).add(along(output[axis], outputs, stride[axis]));
  return at
    .sub(padding[axis])
    .expand([...kernel, ...output])
    .reshape([product(kernel), ...output]);
}

/** {@link columnsOf} by ops. */
function sampledColumns(x: Tensor, offset: Tensor, mask: Tensor | null, d: Deformation): Tensor {
  const { input, images, kernel, output, offsetGroups: groups } = d;
  const [channels, height, width] = input as unknown as [number, number, number];
  const samples = product(kernel) * product(output);
  const moved = offset.reshape([images, groups, product(kernel), 2, ...output]);
  const [y, right] = ([0, 1] as const).map((axis) => moved.select(3, axis).add(places(d, axis, x))) as [Tensor, Tensor];
  const [y0, x0] = [y.detach().floor(), right.detach().floor()];
  const [dy, dx] = [y.sub(y0), right.sub(x0)];
  const planes = x.reshape([images, groups, channels / groups, height * width]);
  const corner = (down: number, across: number): Tensor => {
    const [row, column] = [y0.add(down), x0.add(across)];
    const inside = row.ge(0).logicalAnd(row.lt(height)).logicalAnd(column.ge(0)).logicalAnd(column.lt(width));
    const index = row.mul(width).add(column).maskedFill(inside.logicalNot(), 0).to("int64");
    const shape = [images, groups, 1, samples];
    const seen = planes.gather(3, index.reshape(shape).expand([images, groups, channels / groups, samples]));
    const weight = (down ? dy : dy.neg().add(1)).mul(across ? dx : dx.neg().add(1));
    return seen.mul(weight.mul(inside.to(x.dtype)).reshape(shape));
  };
  let sum = corner(0, 0).add(corner(0, 1)).add(corner(1, 0)).add(corner(1, 1));
  if (mask !== null) sum = sum.mul(mask.reshape([images, groups, 1, samples]));
  return sum.reshape([images, channels * product(kernel), product(output)]);
}
