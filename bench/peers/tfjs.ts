/** TensorFlow.js on its WebAssembly backend. Convolutions are in its own layout, NHWC. */
import { resolve } from "node:path";
import * as backend from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { type Library, randomArray } from "../library";
import { type Contender, local } from "../measure";
import { type Conv, type Matmul, type Op, outSize, type Workload } from "../workloads";
import { dependencies } from "./package.json";

/** The ops that the backend has a kernel for, with their results. */
const ops: Readonly<Record<string, (tf: any, x: any, y: any) => any>> = {
  add: (tf, x, y) => tf.add(x, y),
  mul: (tf, x, y) => tf.mul(x, y),
  relu: (tf, x) => tf.relu(x),
  exp: (tf, x) => tf.exp(x),
  log: (tf, x) => tf.log(x),
  tanh: (tf, x) => tf.tanh(x),
  sigmoid: (tf, x) => tf.sigmoid(x),
  sum: (tf, x) => tf.sum(x),
  softmax: (tf, x) => tf.softmax(x),
  argmax: (tf, x) => tf.argMax(x, 1),
};

export async function loadTfjs(): Promise<Library> {
  backend.setWasmPaths(`${resolve("bench/peers/node_modules/@tensorflow/tfjs-backend-wasm/dist")}/`);
  await tf.setBackend("wasm");
  await tf.ready();

  const disposing = (run: () => any): Contender => local(() => run().dispose());

  function matmul({ m, k, n, layout }: Matmul): Contender {
    const [a, b] = [layout[0] === "T", layout[1] === "T"];
    const x = tf.tensor(randomArray(m * k), a ? [k, m] : [m, k]);
    const y = tf.tensor(randomArray(k * n), b ? [n, k] : [k, n]);
    return disposing(() => tf.matMul(x, y, a, b));
  }

  /** The backend has no gradient of the weights. */
  function conv(workload: Conv): Contender | undefined {
    if (workload.depthwise) return depthwise(workload);
    const { batch, channels, size, filters, kernel, stride, padding, pass } = workload;
    const weight = tf.tensor(randomArray(filters * channels * kernel ** 2), [kernel, kernel, channels, filters]);
    const shape = [batch, size, size, channels];
    const input = tf.tensor(randomArray(batch * channels * size ** 2), shape);
    const out = outSize(workload);
    const grad = tf.tensor(randomArray(batch * filters * out ** 2), [batch, out, out, filters]);
    const pad = padding === (kernel - 1) / 2 && stride === 1 ? "same" : padding === 0 ? "valid" : padding;
    if (pass === "forward") return disposing(() => tf.conv2d(input, weight, stride, pad));
    if (pass === "inputGrad") return disposing(() => tf.conv2dTranspose(grad, weight, shape, stride, pad));
    return undefined;
  }

  /** The backend has the forward pass alone. */
  function depthwise({ batch, channels, size, kernel, stride, padding, pass }: Conv): Contender | undefined {
    if (pass !== "forward") return undefined;
    const weight = tf.tensor(randomArray(channels * kernel ** 2), [kernel, kernel, channels, 1]);
    const input = tf.tensor(randomArray(batch * channels * size ** 2), [batch, size, size, channels]);
    return disposing(() => tf.depthwiseConv2d(input, weight, stride, padding));
  }

  function op({ op, shape }: Op): Contender | undefined {
    const compute = ops[op];
    if (!compute) return undefined;
    const [x, y] = [0, 1].map(() => tf.add(tf.tensor(randomArray(shape[0] * shape[1]), shape), 1));
    return disposing(() => compute(tf, x, y));
  }

  /** A step of plain gradient descent; of the models only the MLP has all its gradients in the backend. */
  function mlp(batch: number, optimizerName: "sgd" | "adam"): Contender {
    const widths = [784, 512, 512, 10];
    const layers = widths.slice(1).map((width, i) => ({
      w: tf.variable(tf.mul(tf.tensor(randomArray(widths[i]! * width), [widths[i], width]), 0.1)),
      b: tf.variable(tf.zeros([width])),
    }));
    const x = tf.tensor(randomArray(batch * 784), [batch, 784]);
    const labels = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: batch }, (_, i) => i % 10),
        "int32",
      ),
      10,
    );
    const optimizer = optimizerName === "sgd" ? tf.train.sgd(0.01) : tf.train.adam(0.001);
    const forward = () =>
      layers.reduce((h, { w, b }, i) => {
        const y = tf.add(tf.matMul(h, w), b);
        return i < layers.length - 1 ? tf.relu(y) : y;
      }, x);
    return local(() => optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, forward())));
  }

  return {
    name: "tfjs",
    version: dependencies["@tensorflow/tfjs-core"],
    create(workload: Workload) {
      if (workload.kind === "matmul") return matmul(workload);
      if (workload.kind === "conv") return conv(workload);
      if (workload.kind === "op") return op(workload);
      if (workload.kind === "train" && workload.model === "mlp") return mlp(workload.batch, workload.optimizer);
      return undefined;
    },
  };
}
