/** What ONNX Runtime computes with an exported model, beside our own results. */
import * as torch from "kindling";
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export const tensorsIn = (value: unknown): torch.Tensor[] => {
  if (value instanceof torch.Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
};

function feed(x: torch.Tensor): ort.Tensor {
  const values = x.dtype === "bool" ? x.to("uint8").toTypedArray() : x.contiguous().toTypedArray();
  return new ort.Tensor(x.dtype as "float32", values as Float32Array, x.shape);
}

export type Model = torch.nn.Module | ((...args: any[]) => unknown);

/** The largest difference of a result from ours, relative to the largest value of that result (absolute where all are 0). @throws if a shape differs. */
export async function difference(bytes: Uint8Array, model: Model, args: readonly unknown[]): Promise<number> {
  const session = await ort.InferenceSession.create(bytes);
  const inputs = tensorsIn(args);
  const results = await session.run(Object.fromEntries(session.inputNames.map((name, i) => [name, feed(inputs[i]!)])));
  const own = tensorsIn(torch.noGrad(() => (model as (...args: unknown[]) => unknown)(...args)));
  const worst = own.map((x, i) => apart(x, results[session.outputNames[i]!]!));
  await session.release();
  return Math.max(...worst);
}

function apart(x: torch.Tensor, y: ort.Tensor): number {
  if (y.dims.join() !== x.shape.join()) throw new Error(`ONNX Runtime gives the shape ${y.dims}, not ${x.shape}`);
  const expected = Array.from(x.to("float64").contiguous().toTypedArray(), Number);
  const got = Array.from(y.data as ArrayLike<number | bigint>, Number);
  const most = expected.filter(Number.isFinite).reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const gaps = expected.map((value, i) =>
    Object.is(value, got[i]) || value === got[i] ? 0 : Math.abs(value - got[i]!) / most,
  );
  return gaps.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(0, ...gaps);
}

/** The bytes of a model. */
export async function bytesOf(
  model: Model,
  args: readonly unknown[],
  options: torch.onnx.ExportOptions = {},
): Promise<Uint8Array> {
  return (await torch.onnx.export(model, args, null, options))!;
}
