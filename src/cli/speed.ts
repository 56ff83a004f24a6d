/** How fast this machine computes, in short measurements. */
import { flopsPerRound, limits } from "kindling:limit";
import { fromBase64 } from "../core/base64";
import * as torch from "../index";
import { now } from "../platform/platform";

/** The best of the calls that fit into a time, in seconds, until all is done that they call for. The first calls warm up. */
function best(milliseconds: number, call: () => void): number {
  call();
  let least = Number.POSITIVE_INFINITY;
  const end = now() + milliseconds;
  do {
    const start = now();
    call();
    torch.backends.wasm.synchronize();
    least = Math.min(least, now() - start);
  } while (now() < end);
  return Math.max(least, 1e-3) / 1000;
}

/** GFLOP/s of one thread in registers, which no product can pass. */
export async function measureLimit(milliseconds = 100): Promise<number> {
  const bytes = fromBase64(limits[torch.simdLevel()]);
  const { instance } = await WebAssembly.instantiate(bytes as Uint8Array<ArrayBuffer>);
  const run = instance.exports.run as (rounds: number, factor: number, term: number) => number;
  const rounds = 100_000;
  // The engine replaces its first, quick translation while this is called.
  const end = now() + milliseconds / 2;
  while (now() < end) run(1000, 0.999, 0.001);
  return (rounds * flopsPerRound) / best(milliseconds, () => run(rounds, 0.999, 0.001)) / 1e9;
}

/** Waits until the threads that are wanted run, at most for a second. */
async function startThreads(): Promise<void> {
  const x = torch.randn(256, 256);
  const end = now() + 1000;
  const { threads } = torch.doctor();
  while (torch.doctor().threads.running < threads.wanted && now() < end) {
    x.matmul(x).dispose();
    await torch.nextTurn();
  }
  x.dispose();
}

/** What a product of float32 matrices reaches. */
export interface ProductSpeed {
  readonly size: number;
  readonly gflops: number;
  /** The share of the limit of all threads that run. */
  readonly share: number;
  readonly threads: number;
}

/** Measures products of square matrices for about `milliseconds`, once all threads run. */
export async function measureProduct(size = 512, milliseconds = 100): Promise<ProductSpeed> {
  await startThreads();
  const [a, b] = [torch.randn(size, size), torch.randn(size, size)];
  const seconds = best(milliseconds, () => a.matmul(b).dispose());
  for (const x of [a, b]) x.dispose();
  const gflops = (2 * size ** 3) / seconds / 1e9;
  const threads = Math.max(1, torch.doctor().threads.running);
  return { size, gflops, share: gflops / ((await measureLimit()) * threads), threads };
}

/** A training step that is measured. */
interface Step {
  readonly name: string;
  readonly samples: number;
  run(): void;
}

function lenetStep(batch: number): Step {
  const model = new torch.vision.models.LeNet();
  const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.001, momentum: 0.9 });
  const images = torch.randn(batch, 3, 32, 32);
  const labels = torch.randint(0, 10, [batch]);
  const run = () =>
    torch.tidy(() => {
      optimizer.zeroGrad();
      torch.nn.functional.crossEntropy(model(images), labels).backward();
      optimizer.step();
    });
  return { name: `LeNet, batch ${batch}`, samples: batch, run };
}

/** A row of `kindling bench`. */
export interface Measured {
  readonly name: string;
  readonly milliseconds: number;
  readonly rate: number;
  readonly unit: string;
}

/** Small things that programs do all the time, each measured for about `milliseconds`. */
export async function quickBench(milliseconds: number): Promise<Measured[]> {
  await startThreads();
  const rows: Measured[] = [];
  const add = (name: string, work: number, unit: string, call: () => void): void => {
    const seconds = best(milliseconds, call);
    rows.push({ name, milliseconds: seconds * 1000, rate: work / seconds, unit });
  };
  for (const size of [128, 512, 1024]) {
    const [a, b] = [torch.randn(size, size), torch.randn(size, size)];
    add(`matmul ${size}×${size}`, (2 * size ** 3) / 1e9, "GFLOP/s", () => a.matmul(b).dispose());
  }
  const [x, w] = [torch.randn(8, 64, 56, 56), torch.randn(64, 64, 3, 3)];
  const convolution = () => torch.nn.functional.conv2d(x, w, null, { padding: 1 }).dispose();
  add("conv2d 64→64, 3×3, 8×56×56", (2 * 8 * 64 * 64 * 9 * 56 * 56) / 1e9, "GFLOP/s", convolution);
  const small = torch.randn(16);
  add("add of 16 numbers", 1e-6, "million/s", () => small.add(1).dispose());
  for (const step of [lenetStep(4), lenetStep(64)])
    add(`training step of ${step.name}`, step.samples, "images/s", () => step.run());
  return rows;
}
