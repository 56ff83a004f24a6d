/** Random values, of the library's generator; with a seed in the file, of one of the node's own. */
import type { DType } from "../../../core/dtype";
import { Generator } from "../../../core/generator";
import { bernoulli, multinomial } from "../../../ops/random/fill";
import { rand, randn } from "../../../ops/random/randomTensors";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { castTo } from "./cast";

/** Seeds are floats in the format: their bits are hashed to an integer. */
function generatorOf(c: Context): { generator?: Generator } {
  if (!c.attributes.has("seed")) return {};
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, c.float("seed"));
  return { generator: new Generator().manualSeed(bits.getUint32(0)) };
}

function draw(c: Context, shape: readonly number[], isNormal: boolean, fallback: DType): Tensor {
  const options = { dtype: "float32" as const, ...generatorOf(c) };
  if (isNormal)
    return castTo(
      c,
      randn([...shape], options)
        .mul(c.float("scale", 1))
        .add(c.float("mean", 0)),
      c.int("dtype", 0),
      fallback,
    );
  const [low, high] = [c.float("low", 0), c.float("high", 1)];
  return castTo(
    c,
    rand([...shape], options)
      .mul(high - low)
      .add(low),
    c.int("dtype", 0),
    fallback,
  );
}

const shapeOf = (c: Context): number[] => c.ints("shape") ?? c.fail("the shape is missing");

export const randoms: readonly Entry[] = [
  { name: "Bernoulli", since: 15, run: (c) => castTo(c, bernoulli(c.x, generatorOf(c)), c.int("dtype", 0), c.x.dtype) },
  {
    name: "Multinomial",
    since: 7,
    run: (c) => {
      const drawn = multinomial(c.x.softmax(1), c.int("sample_size", 1), { replacement: true, ...generatorOf(c) });
      return castTo(c, drawn, c.int("dtype", 6), "int32");
    },
  },
  { name: "RandomNormal", run: (c) => draw(c, shapeOf(c), true, "float32") },
  { name: "RandomNormalLike", run: (c) => draw(c, c.x.shape, true, c.x.dtype) },
  { name: "RandomUniform", run: (c) => draw(c, shapeOf(c), false, "float32") },
  { name: "RandomUniformLike", run: (c) => draw(c, c.x.shape, false, c.x.dtype) },
];
