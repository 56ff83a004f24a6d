/**
 * `node scripts/onnx/check.mjs [names…]`: exports models and compares what ONNX Runtime computes with them to what they compute here, also at other sizes
 * of the batch. Without names: every model of vision.models, recurrent networks, transformers and a GPT.
 */
import * as ort from "onnxruntime-web";
import * as torch from "../../dist/kindling.js";

ort.env.wasm.numThreads = 1;
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

/** The largest difference between ours and ONNX Runtime's results, relative to the largest value. */
export async function compare(bytes, model, args) {
  const session = await ort.InferenceSession.create(bytes);
  const inputs = tensorsIn(args);
  const result = await session.run(Object.fromEntries(session.inputNames.map((name, i) => [name, feedOf(inputs[i])])));
  const own = tensorsIn(torch.noGrad(() => model(...(Array.isArray(args) ? args : [args]))));
  let worst = 0;
  own.forEach((x, i) => {
    const y = result[session.outputNames[i]];
    if (y.dims.join() !== x.shape.join()) throw new Error(`shape ${y.dims} instead of ${x.shape}`);
    const expected = x.to("float64").contiguous().toTypedArray();
    let most = 0;
    for (const value of expected) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
    expected.forEach((value, k) => {
      const got = Number(y.data[k]);
      if (!Object.is(got, value) && got !== value)
        worst = Math.max(worst, Number.isNaN(got - value) ? Infinity : Math.abs(got - value) / (most || 1));
    });
  });
  await session.release();
  return worst;
}

export async function check(name, model, args, options = {}, others = []) {
  const start = performance.now();
  try {
    model.eval?.();
    const bytes = await torch.onnx.export(model, args, null, options);
    const errors = [];
    for (const given of [args, ...others]) errors.push(await compare(bytes, model, given));
    const worst = Math.max(...errors);
    console.log(
      `${worst < 1e-4 ? "ok  " : "FAIL"} ${name} ${worst.toExponential(1)} ${(bytes.length / 1e6).toFixed(1)} MB ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
    return worst < 1e-4;
  } catch (error) {
    console.log(`FAIL ${name}: ${process.env.STACK ? error.stack : error.message}`);
    return false;
  }
}
