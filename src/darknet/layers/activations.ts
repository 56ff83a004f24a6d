/** Darknet's activation functions by their names in configurations. */
import * as F from "../../nn/functional/index";
import { where } from "../../ops/elementwise/where";
import type { Tensor } from "../../tensor/tensor";
import type { Section } from "../section";

/** x where it is positive, a line of this slope elsewhere. */
const leaky = (slope: number) => (x: Tensor) => F.leakyRelu(x, slope);

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  logistic: (x) => x.sigmoid(),
  loggy: (x) => x.sigmoid().mul(2).sub(1),
  relu: (x) => x.relu(),
  relu6: (x) => F.relu6(x),
  elu: (x) => F.elu(x),
  selu: (x) => F.selu(x),
  relie: leaky(0.01),
  leaky: leaky(0.1),
  ramp: (x) => x.relu().add(x.mul(0.1)),
  tanh: (x) => x.tanh(),
  plse: (x) => where(x.lt(-4), x.add(4).mul(0.01), where(x.gt(4), x.sub(4).mul(0.01).add(1), x.mul(0.125).add(0.5))),
  stair: (x) => {
    const floor = x.floor();
    return x.sub(floor).mul(floor.remainder(2)).add(floor.mul(0.5).floor());
  },
  hardtan: (x) => F.hardtanh(x),
  lhtan: (x) => where(x.lt(0), x.mul(0.001), where(x.gt(1), x.sub(1).mul(0.001).add(1), x)),
  swish: (x) => F.silu(x),
  silu: (x) => F.silu(x),
  mish: (x) => F.mish(x),
  hard_mish: (x) => where(x.gt(0), x, where(x.gt(-2), x.mul(x).mul(0.5).add(x), x.mul(0))),
  gelu: (x) => F.gelu(x, { approximate: "tanh" }),
};

/** The function that `activation=` names. @throws FormatError for an unknown one. */
export function activationOf(section: Section, fallback: string): { name: string; apply: (x: Tensor) => Tensor } {
  const name = section.text("activation", fallback).toLowerCase();
  if (Object.hasOwn(activations, name)) return { name, apply: activations[name]! };
  throw section.fail(
    `the activation ${JSON.stringify(name.slice(0, 40))} is not supported; there are ${Object.keys(activations).join(", ")}`,
    "activation",
  );
}
