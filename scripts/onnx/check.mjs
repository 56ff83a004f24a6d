/** Exports models and compares what ONNX Runtime computes with them, and what they compute after they are loaded again, to what they compute here. */
import * as torch from "../../dist/kindling.js";

// ONNX Runtime for the web holds no model above about 1 GB: `ORT=path/of/onnxruntime-node/dist/index.js` compares those.
const loaded = await import(process.env.ORT ?? "onnxruntime-web");
const ort = loaded.InferenceSession ? loaded : loaded.default;
if (!process.env.ORT) ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const tensorsIn = (value) =>
  value instanceof torch.Tensor
    ? [value]
    : Array.isArray(value)
      ? value.flatMap(tensorsIn)
      : typeof value === "object" && value
        ? Object.values(value).flatMap(tensorsIn)
        : [];

const feedOf = (x) =>
  new ort.Tensor(
    x.dtype,
    x.dtype === "bool" ? Uint8Array.from(x.to("uint8").toTypedArray()) : x.contiguous().toTypedArray(),
    x.shape,
  );

/** The largest difference between two results, relative to the largest value. */
function apart(x, dims, data) {
  if (dims.join() !== x.shape.join()) throw new Error(`shape ${dims} instead of ${x.shape}`);
  const expected = x.to("float64").contiguous().toTypedArray();
  let most = 0;
  for (const value of expected) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
  let worst = 0;
  expected.forEach((value, k) => {
    const got = Number(data[k]);
    if (!Object.is(got, value) && got !== value)
      worst = Math.max(worst, Number.isNaN(got - value) ? Infinity : Math.abs(got - value) / (most || 1));
  });
  return worst;
}

const callOf = (model, args) => tensorsIn(torch.noGrad(() => model(...(Array.isArray(args) ? args : [args]))));

/** How far ONNX Runtime's results are from ours. @param file the bytes, or a path. */
async function byRuntime(file, expected, args) {
  const session = await ort.InferenceSession.create(file);
  const inputs = tensorsIn(args);
  const result = await session.run(Object.fromEntries(session.inputNames.map((name, i) => [name, feedOf(inputs[i])])));
  const gaps = expected.map((x, i) => {
    const y = result[session.outputNames[i]];
    return apart(x, y.dims, y.data);
  });
  await session.release();
  return Math.max(...gaps);
}

/** How far the results of the model that is loaded again are from ours. */
async function byImport(file, expected, args) {
  const model = await torch.onnx.load(file);
  const own = callOf(model, args);
  return Math.max(...expected.map((x, i) => apart(x, own[i].shape, own[i].to("float64").contiguous().toTypedArray())));
}

/** The inputs in float64 where they are floats. */
const widened = (args) =>
  (Array.isArray(args) ? args : [args]).map((x) =>
    x instanceof torch.Tensor && x.isFloatingPoint() ? x.to("float64") : x,
  );

/** How far the results in float32 are from those in float64: a deep network makes much of each rounding. */
function rounding(model, args) {
  const narrow = callOf(model, args);
  model.double();
  const wide = callOf(model, widened(args));
  model.float();
  return Math.max(
    ...wide.map((x, i) => apart(x, narrow[i].shape, narrow[i].to("float64").contiguous().toTypedArray())),
  );
}

/** Below this difference a model is right in any case; above it only if its own roundings are as large. */
const TOLERANCE = 1e-4;

/** Exports a model and prints its line of the table. With `MODEL=path` it is written to that file, as what is above 2 GB must be. */
export async function check(name, model, args, options = {}, others = []) {
  const start = performance.now();
  try {
    model.eval?.();
    const bytes = await torch.onnx.export(model, args, process.env.MODEL ?? null, options);
    const file = bytes ?? process.env.MODEL;
    /** @type {[number[], number[]]} */
    const [runtime, again] = [[], []];
    for (const given of [args, ...others]) {
      const expected = callOf(model, given);
      runtime.push(await byRuntime(file, expected, given));
      again.push(await byImport(file, expected, given));
    }
    const worst = [runtime, again].map((gaps) => Math.max(...gaps));
    const gap = Math.max(...worst);
    const own = gap < TOLERANCE ? 0 : Math.max(...[args, ...others].map((given) => rounding(model, given)));
    const isRight = gap < Math.max(TOLERANCE, 3 * own);
    const figures = [...worst, ...(own > 0 ? [own] : [])].map((value) => value.toExponential(1)).join(" | ");
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`| ${isRight ? "ok" : "FAIL"} | ${name} | ${figures} | ${seconds} s |`);
    return isRight;
  } catch (error) {
    console.log(`| FAIL | ${name} | ${process.env.STACK ? error.stack : error.message} |`);
    return false;
  }
}
