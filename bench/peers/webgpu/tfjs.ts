/** TensorFlow.js on its WebGPU backend. Convolutions are in its own layout, NHWC. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import "@tensorflow/tfjs-backend-webgpu";
import { randomArray } from "../../library";
import type { Contender } from "../../measure";
import { type GpuLibrary, queued } from "../../webgpu/contender";
import type { Attention, GpuWorkload } from "../../webgpu/suite";
import { type Conv, type Matmul, outSize } from "../../workloads";
import { dependencies } from "../package.json";

const random = (shape: readonly number[]) => tf.tensor(randomArray(shape.reduce((a, b) => a * b, 1)), shape);

/** Waits for all that was asked for, by reading an element of the last of it: what computed nothing would count as fast. */
async function waitFor(x: any): Promise<void> {
  const [first] = await tf.tidy(() => tf.slice(tf.reshape(x, [-1]), 0, 1)).data();
  if (first === 0) throw new Error("its results are 0");
}

/** Results are let go of at once, but for the last one. */
function results(run: () => any): Contender {
  let last: any;
  return queued(
    () => {
      last?.dispose();
      last = run();
    },
    () => waitFor(last),
  );
}

function matmul({ m, k, n, layout }: Matmul): Contender {
  const [a, b] = [layout[0] === "T", layout[1] === "T"];
  const [x, y] = [random(a ? [k, m] : [m, k]), random(b ? [n, k] : [k, n])];
  return results(() => tf.matMul(x, y, a, b));
}

function conv(workload: Conv): Contender {
  const { batch, channels, size, filters, kernel, stride, padding, pass } = workload;
  const weightShape = [kernel, kernel, channels, filters];
  const weight = random(weightShape);
  const shape = [batch, size, size, channels];
  const input = random(shape);
  const out = outSize(workload);
  const grad = random([batch, out, out, filters]);
  const pad = padding === 0 ? "valid" : stride === 1 ? "same" : padding;
  if (pass === "forward") return results(() => tf.conv2d(input, weight, stride, pad));
  if (pass === "inputGrad") return results(() => tf.conv2dTranspose(grad, weight, shape, stride, pad));
  const gradient = tf.grad((w: any) => tf.conv2d(input, w, stride, pad));
  return results(() => gradient(weight, grad));
}

function attention({ batch, heads, length, depth }: Attention): Contender {
  const [q, k, v] = [0, 1, 2].map(() => random([batch, heads, length, depth]));
  return results(() => tf.tidy(() => tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), depth ** -0.5)), v)));
}

function lenet(batch: number): Contender {
  const weights = [
    [5, 5, 3, 6],
    [5, 5, 6, 16],
    [400, 120],
    [120, 84],
    [84, 10],
  ].map((shape) => {
    const fan = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    return { w: tf.variable(tf.mul(random(shape), 2 / Math.sqrt(fan))), b: tf.variable(tf.zeros([shape.at(-1)])) };
  });
  const [c1, c2, ...dense] = weights as [any, any, ...any[]];
  const x = random([batch, 32, 32, 3]);
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: batch }, (_, i) => i % 10),
      "int32",
    ),
    10,
  );
  const layer = (h: any, { w, b }: any) => tf.maxPool(tf.relu(tf.add(tf.conv2d(h, w, 1, "valid"), b)), 2, 2, "valid");
  const forward = () =>
    dense.reduce(
      (h: any, { w, b }: any, i: number) => {
        const y = tf.add(tf.matMul(h, w), b);
        return i < dense.length - 1 ? tf.relu(y) : y;
      },
      tf.reshape(layer(layer(x, c1), c2), [batch, 400]),
    );
  const optimizer = tf.train.sgd(0.01);
  return queued(
    () => optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, forward())),
    () => waitFor(c1.w),
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
  if (!(await tf.setBackend("webgpu"))) throw new Error("its backend does not start");
  await tf.ready();
  return { name: "tfjs", version: dependencies["@tensorflow/tfjs-core"], create };
}
