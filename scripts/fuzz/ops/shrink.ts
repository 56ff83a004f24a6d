/** Makes a faulty call smaller, as long as the fault stays. */
import { type Call, countValues, plain, replaceValue, type TensorValue, type Value } from "./value";

/** Simpler forms of a value, the simplest first. */
function simpler(value: Value): Value[] {
  switch (value.is) {
    case "tensor":
      return simplerTensors(value);
    case "list":
      return value.items.length > 1
        ? [
            { ...value, items: value.items.slice(0, 1) },
            { ...value, items: value.items.slice(0, -1) },
            { ...value, items: value.items.slice(1) },
          ]
        : [];
    case "record":
      return value.entries.map((_, i) => ({ ...value, entries: value.entries.filter((__, k) => k !== i) }));
    case "plain":
      return typeof value.value === "number" && ![0, 1].includes(value.value) ? [plain(0), plain(1)] : [];
    default:
      return [];
  }
}

function simplerTensors(x: TensorValue): TensorValue[] {
  const forms: TensorValue[] = [];
  if (x.requiresGrad) forms.push({ ...x, requiresGrad: false });
  if (x.layout !== "contiguous") forms.push({ ...x, layout: "contiguous" });
  if ("low" in x.values ? x.values.low !== 1 || x.values.high !== 1 : x.values.some((value) => value !== 1))
    forms.push({ ...x, values: [1] });
  for (const [i, size] of x.shape.entries()) {
    if (size > 2) forms.push({ ...x, shape: x.shape.with(i, 2) });
    if (size > 1) forms.push({ ...x, shape: x.shape.with(i, 1) });
  }
  if (x.dtype !== "float32") forms.push({ ...x, dtype: "float32" });
  return forms;
}

function* smaller(call: Call): Generator<Call> {
  const least = call.kind === "method" ? 1 : 0;
  if (call.args.length > least) yield { ...call, args: call.args.slice(0, -1) };
  const n = countValues(call);
  for (let i = 0; i < n; i++) {
    let forms: Value[] = [];
    replaceValue(call, i, (value) => {
      forms = simpler(value);
      return value;
    });
    for (const form of forms) yield replaceValue(call, i, () => form);
  }
}

/** The smallest call found in a number of tries of which `isFaulty` still holds. */
export async function shrink(
  call: Call,
  isFaulty: (call: Call) => boolean | Promise<boolean>,
  tries = 120,
): Promise<Call> {
  let best = call;
  for (let left = tries; left > 0; ) {
    let found: Call | undefined;
    for (const candidate of smaller(best)) {
      if (left-- <= 0) break;
      if (await isFaulty(candidate)) {
        found = candidate;
        break;
      }
    }
    if (found === undefined) return best;
    best = found;
  }
  return best;
}
