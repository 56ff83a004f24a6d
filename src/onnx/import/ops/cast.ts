/** Changes of the element type, and what gives a value as it is. */
import { type DType, isFloat } from "../../../core/dtype";
import { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import {
  alias,
  dtypeOfCode,
  isUnsigned,
  markUnsigned,
  Strings,
  typeText,
  type Unsigned,
  unsignedOf,
  type Value,
  wrapUnsigned,
} from "../values";
import { tensor } from "./make";

type Type = DType | Unsigned | "string";

export function typeOf(c: Context, code: number): Type {
  return dtypeOfCode.get(code) ?? c.fail(`elements of type ${typeText(code)} are not supported`);
}

/** `x` in a type by its code; in `fallback` if that is 0. */
export function castTo(c: Context, x: Tensor, code: number, fallback: DType): Tensor {
  const type = code === 0 ? fallback : typeOf(c, code);
  if (type === "string") c.fail("cannot give texts");
  return isUnsigned(type) ? wrapUnsigned(x, type) : x.to(type);
}

const floats: Readonly<Record<string, number>> = {
  "+inf": Infinity,
  inf: Infinity,
  "-inf": -Infinity,
  nan: Number.NaN,
};

function fromText(c: Context, text: string): number {
  const known =
    floats[
      text
        .trim()
        .toLowerCase()
        .replace(/^([+-]?inf)inity$/, "$1")
    ];
  const value = known ?? (text.trim() === "" ? Number.NaN : Number(text));
  if (known === undefined && Number.isNaN(value)) c.fail(`the text ${JSON.stringify(text)} is no number`);
  return value;
}

/** A number as Python's NumPy writes it. */
function toText(value: number | bigint | boolean, isReal: boolean, isSingle: boolean): string {
  if (!isReal || typeof value !== "number") return String(value);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "INF" : "-INF";
  const text = isSingle ? shortest(value) : String(value);
  return text;
}

/** The shortest text that rounds to the same float32. */
function shortest(value: number): string {
  for (let digits = 1; digits < 10; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(value);
}

function toStrings(x: Tensor): Strings {
  const values = x.detach().reshape([-1]).tolist<(number | bigint | boolean)[]>();
  return new Strings(
    [...x.shape],
    values.map((value) => toText(value, isFloat(x.dtype), x.dtype !== "float64")),
  );
}

/** Takes a value to a type; what is out of an integer's range wraps, as in C. */
function cast(c: Context, type: Type): Value {
  const texts = c.strings(0);
  if (texts !== undefined) {
    if (type === "string") return texts;
    const values = texts.values.map((text) => fromText(c, text));
    const x = tensor(values, isUnsigned(type) || !isFloat(type) ? "float64" : type).reshape([...texts.shape]);
    return isUnsigned(type) ? wrapUnsigned(x, type) : x.to(type);
  }
  const x = c.x;
  if (type === "string") return toStrings(x);
  const from = unsignedOf(x);
  if (isUnsigned(type)) return from === type ? x : wrapUnsigned(x, type);
  if (from === "uint64" && isFloat(type)) {
    // The bits of int64 are 2^64 less where the sign is set.
    return x
      .to("float64")
      .add(
        x
          .lt(0)
          .to("float64")
          .mul(2 ** 64),
      )
      .to(type);
  }
  const y = x.to(type);
  return y === x && from !== undefined ? alias(x) : y;
}

export const casts: readonly Entry[] = [
  { name: "Cast", weights: [0], unsigned: "itself", run: (c) => cast(c, typeOf(c, codeOf(c))) },
  {
    name: "CastLike",
    since: 15,
    unsigned: "itself",
    run: (c) => {
      const like = c.inputs[1];
      return cast(c, like instanceof Strings ? "string" : (unsignedOf(like) ?? c.y.dtype));
    },
  },
  { name: "Identity", weights: [0], unsigned: "itself", run: (c) => c.inputs[0] },
  { name: "Constant", unsigned: "itself", run: constant },
];

/** Opset 1 to 5 named the type by a text. */
function codeOf(c: Context): number {
  if (c.version >= 6) return c.int("to");
  const name = c
    .string("to")
    .toLowerCase()
    .replace("double", "float64")
    .replace(/^float$/, "float32");
  for (const [code, type] of dtypeOfCode) if (type === name) return code;
  return c.fail(`there is no type "${name}"`);
}

/** Those that say their value in a list; those with a tensor are resolved before. */
function constant(c: Context): Value {
  const { attributes } = c;
  const value = attributes.tensor("value");
  if (value !== undefined) return value instanceof Tensor ? markUnsigned(value.clone(), unsignedOf(value)) : value;
  if (attributes.has("value_float")) return tensor(c.float("value_float"), "float32");
  if (attributes.has("value_int")) return tensor(Number(c.int("value_int")), "int64");
  if (attributes.has("value_floats")) return tensor(attributes.floats("value_floats")!, "float32");
  if (attributes.has("value_ints")) return tensor(attributes.ints("value_ints")!, "int64");
  if (attributes.has("value_string")) return new Strings([], [c.string("value_string")]);
  const texts = attributes.strings("value_strings");
  if (texts !== undefined) return new Strings([texts.length], texts);
  return c.fail("has no value of a kind that is supported");
}
