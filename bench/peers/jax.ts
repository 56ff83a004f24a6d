/** jax-js on its WebAssembly backend. It computes lazily, so each run waits for its result. */
import * as jax from "@jax-js/jax";
import { type Library, randomArray } from "../library";
import { type Contender, local } from "../measure";
import type { Matmul, Op, Workload } from "../workloads";
import { dependencies } from "./package.json";

const ops: Readonly<Record<string, (jax: any, x: any, y: any) => any>> = {
  add: ({ numpy }, x, y) => numpy.add(x.ref, y.ref),
  mul: ({ numpy }, x, y) => numpy.multiply(x.ref, y.ref),
  relu: ({ nn }, x) => nn.relu(x.ref),
  exp: ({ numpy }, x) => numpy.exp(x.ref),
  log: ({ numpy }, x) => numpy.log(x.ref),
  tanh: ({ numpy }, x) => numpy.tanh(x.ref),
  sigmoid: ({ nn }, x) => nn.sigmoid(x.ref),
  gelu: ({ nn }, x) => nn.gelu(x.ref),
  sum: ({ numpy }, x) => numpy.sum(x.ref),
  softmax: ({ nn }, x) => nn.softmax(x.ref),
  argmax: ({ numpy }, x) => numpy.argmax(x.ref, 1),
};

export async function loadJax(): Promise<Library> {
  await jax.init();
  jax.defaultDevice("wasm");
  const { numpy } = jax;

  const array = (shape: readonly number[]) => numpy.array(randomArray(shape.reduce((a, b) => a * b, 1))).reshape(shape);

  const awaiting = (run: () => any): Contender =>
    local(async () => {
      const result = run();
      await result.blockUntilReady();
      result.dispose();
    });

  function matmul({ m, k, n, layout }: Matmul): Contender | undefined {
    if (layout !== "NN") return undefined;
    const [x, y] = [array([m, k]), array([k, n])];
    return awaiting(() => numpy.matmul(x.ref, y.ref));
  }

  function op({ op, shape }: Op): Contender | undefined {
    const compute = ops[op];
    if (!compute) return undefined;
    const [x, y] = [numpy.add(array(shape), 1), numpy.add(array(shape), 1)];
    return awaiting(() => compute(jax, x, y));
  }

  return {
    name: "jax-js",
    version: dependencies["@jax-js/jax"],
    create(workload: Workload) {
      if (workload.kind === "matmul") return matmul(workload);
      return workload.kind === "op" ? op(workload) : undefined;
    },
  };
}
