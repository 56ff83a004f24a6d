/** jax-js on its WebGPU backend. */
import * as jax from "@jax-js/jax";
import { randomArray } from "../../library";
import type { Contender } from "../../measure";
import { type GpuLibrary, queued } from "../../webgpu/contender";
import type { Attention, GpuWorkload } from "../../webgpu/suite";
import type { Conv, Matmul } from "../../workloads";
import { dependencies } from "../package.json";

const { numpy: np, lax, nn } = jax;

const random = (shape: readonly number[]) => np.array(randomArray(shape.reduce((a, b) => a * b, 1))).reshape(shape);

/** Compiles a function, which computes as soon as it is called. Results are held until all are there. */
function results(f: (...given: any[]) => any, ...given: any[]): Contender {
  const compiled = jax.jit(f);
  const held: any[] = [];
  return queued(
    () => {
      held.push(compiled(...given.map((x) => x.ref)));
    },
    async () => {
      const all = held.splice(0);
      await jax.blockUntilReady(all);
      for (const result of all) result.dispose();
    },
  );
}

function matmul({ m, k, n, layout }: Matmul): Contender {
  const [a, b] = [layout[0] === "T", layout[1] === "T"];
  const [x, y] = [random(a ? [k, m] : [m, k]), random(b ? [n, k] : [k, n])];
  return results((p: any, q: any) => np.matmul(a ? np.transpose(p) : p, b ? np.transpose(q) : q), x, y);
}

const convolved = (x: any, w: any, stride: number, padding: number) =>
  lax.convGeneralDilated(
    x,
    w,
    [stride, stride],
    [
      [padding, padding],
      [padding, padding],
    ],
  );

function conv({ batch, channels, size, filters, kernel, stride, padding, pass }: Conv): Contender {
  const [x, w] = [random([batch, channels, size, size]), random([filters, channels, kernel, kernel])];
  if (pass === "forward") return results((p: any, q: any) => convolved(p, q, stride, padding), x, w);
  const sum = (p: any, q: any) => np.sum(convolved(p, q, stride, padding));
  return results(jax.grad(sum, { argnums: pass === "inputGrad" ? 0 : 1 }), x, w);
}

function attention({ batch, heads, length, depth }: Attention): Contender {
  const [q, k, v] = [0, 1, 2].map(() => random([batch, length, heads, depth]));
  return results((a: any, b: any, c: any) => nn.dotProductAttention(a, b, c), q, k, v);
}

function lenet(batch: number): Contender {
  const shapes = [
    [6, 3, 5, 5],
    [16, 6, 5, 5],
    [400, 120],
    [120, 84],
    [84, 10],
  ];
  const biases = [[6, 1, 1], [16, 1, 1], [120], [84], [10]];
  let parameters: any[] = [
    ...shapes.map((shape) =>
      np.multiply(random(shape), 2 / Math.sqrt(shape.length === 4 ? 25 * shape[1]! : shape[0]!)),
    ),
    ...biases.map((shape) => np.zeros(shape)),
  ];
  const x = random([batch, 3, 32, 32]);
  const labels = nn.oneHot(
    np.array(
      Array.from({ length: batch }, (_, i) => i % 10),
      { dtype: np.int32 },
    ),
    10,
  );
  const pool = (h: any) => lax.reduceWindow(h, (window: any) => np.max(window), [2, 2], [2, 2]);
  const loss = (ps: any[], images: any, targets: any) => {
    const [c1, c2, d1, d2, d3, b1, b2, b3, b4, b5] = ps;
    const first = pool(nn.relu(convolved(images, c1, 1, 0).add(b1)));
    const second = pool(nn.relu(convolved(first, c2, 1, 0).add(b2))).reshape([batch, 400]);
    const third = nn.relu(np.matmul(second, d1).add(b3));
    const fourth = nn.relu(np.matmul(third, d2).add(b4));
    const scores = np.matmul(fourth, d3).add(b5);
    return np.sum(nn.logSoftmax(scores).mul(targets)).mul(-1 / batch);
  };
  const step = jax.jit((ps: any[], images: any, targets: any) => {
    const gradients = jax.grad(loss)(
      ps.map((p) => p.ref),
      images,
      targets,
    );
    return ps.map((p, i) => p.sub(gradients[i].mul(0.01)));
  });
  return queued(
    () => {
      parameters = step(parameters, x.ref, labels.ref);
    },
    () => jax.blockUntilReady(parameters),
  );
}

function create(workload: GpuWorkload): Contender | undefined {
  switch (workload.kind) {
    case "matmul":
      return matmul(workload);
    case "conv":
      return conv(workload);
    case "attention":
      return attention(workload);
    case "train":
      return workload.model === "lenet" ? lenet(workload.batch) : undefined;
  }
}

export async function load(): Promise<GpuLibrary> {
  const devices = await jax.init("webgpu");
  if (!devices.includes("webgpu")) throw new Error("it finds no WebGPU");
  jax.defaultDevice("webgpu");
  return { name: "jax-js", version: dependencies["@jax-js/jax"], create };
}
