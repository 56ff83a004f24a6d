/** Optimizers as ops: `ai.onnx.preview.training`. Each takes the rate, the step, then all tensors, their gradients, and their states. */
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";

const domain = "ai.onnx.preview.training";

/** The inputs after the first two in groups: those of all tensors for each role. */
function groups(c: Context, roles: number): Tensor[][] {
  const count = (c.inputs.length - 2) / roles;
  if (!Number.isInteger(count)) c.fail(`takes a rate, a step, and ${roles} inputs for each tensor`);
  return Array.from({ length: count }, (_, i) => Array.from({ length: roles }, (_, k) => c.tensor(2 + k * count + i)));
}

/** The results of all tensors, role by role. */
const byRole = (results: readonly Tensor[][]): Tensor[] => results[0]!.flatMap((_, k) => results.map((row) => row[k]!));

function adagrad(c: Context): Tensor[] {
  const rate = c.scalar(0) / (1 + c.scalar(1) * c.float("decay_factor", 0));
  const [norm, eps] = [c.float("norm_coefficient", 0), c.float("epsilon", 1e-6)];
  return byRole(
    groups(c, 3).map(([x, g, h]) => {
      const gradient = x!.mul(norm).add(g!);
      const sum = h!.add(gradient.square());
      return [x!.sub(gradient.mul(rate).div(sum.sqrt().add(eps))), sum];
    }),
  );
}

function adam(c: Context): Tensor[] {
  const [a, b] = [c.float("alpha", 0.9), c.float("beta", 0.999)];
  const step = c.scalar(1);
  const rate = step > 0 ? (c.scalar(0) * Math.sqrt(1 - b ** step)) / (1 - a ** step) : c.scalar(0);
  const [norm, after, eps] = [
    c.float("norm_coefficient", 0),
    c.float("norm_coefficient_post", 0),
    c.float("epsilon", 1e-6),
  ];
  return byRole(
    groups(c, 4).map(([x, g, v, h]) => {
      const gradient = x!.mul(norm).add(g!);
      const first = v!.mul(a).add(gradient.mul(1 - a));
      const second = h!.mul(b).add(gradient.square().mul(1 - b));
      const next = x!.sub(first.mul(rate).div(second.sqrt().add(eps)));
      return [next.mul(1 - after), first, second];
    }),
  );
}

function momentum(c: Context): Tensor[] {
  const [a, norm] = [c.float("alpha"), c.float("norm_coefficient", 0)];
  const b = c.scalar(1) > 0 ? c.float("beta") : 1;
  const rate = c.scalar(0);
  const isNesterov = c.string("mode") === "nesterov";
  return byRole(
    groups(c, 3).map(([x, g, v]) => {
      const gradient = x!.mul(norm).add(g!);
      const next = v!.mul(a).add(gradient.mul(b));
      return [x!.sub((isNesterov ? gradient.add(next.mul(a)) : next).mul(rate)), next];
    }),
  );
}

export const training: readonly Entry[] = [
  { name: "Adagrad", domain, run: adagrad },
  { name: "Adam", domain, run: adam },
  { name: "Momentum", domain, run: momentum },
];
