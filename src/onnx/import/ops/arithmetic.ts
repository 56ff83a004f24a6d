/** Functions of two or more tensors, element by element, with broadcasting. */
import { isFloat } from "../../../core/dtype";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { type Unsigned, wrapUnsigned } from "../values";

/** The second operand; before opset 7 it was placed at an axis of the first one. */
function operands(c: Context): [Tensor, Tensor] {
  const [x, y] = [c.x, c.y];
  if (c.version >= 7 || !c.flag("broadcast") || y.ndim === 0) return [x, y];
  const axis = c.attributes.has("axis") ? c.axis("axis", x.ndim) : x.ndim - y.ndim;
  return [x, y.reshape([...y.shape, ...new Array(Math.max(0, x.ndim - y.ndim - axis)).fill(1)])];
}

const binary = (name: string, f: (x: Tensor, y: Tensor, c: Context) => Tensor, unsigned = true): Entry => ({
  name,
  weights: "all",
  unsigned,
  run: (c) => f(...operands(c), c),
});

const SIGN = -(2n ** 63n);

/** Values in the order of the type: those of uint64 are beyond the sign of int64, which is turned. */
const ordered = (x: Tensor, type: Unsigned | undefined): Tensor =>
  type === "uint64" ? x.bitwiseXor(SIGN as never) : x;

const compare = (name: string, since: number, f: (x: Tensor, y: Tensor) => Tensor): Entry => ({
  name,
  since,
  unsigned: "itself",
  run: (c) => {
    const type = c.unsigned(0);
    const [x, y] = operands(c);
    return f(ordered(x, type), ordered(y, type));
  },
});

function extremum(name: string, f: (x: Tensor, y: Tensor) => Tensor): Entry {
  return {
    name,
    weights: "all",
    unsigned: true,
    run: (c) => {
      const type = c.unsigned(0);
      const y = c.tensors.map((x) => ordered(x, type)).reduce(f);
      return ordered(y, type);
    },
  };
}

/** Integers are divided toward zero. */
function divide(x: Tensor, y: Tensor, c: Context): Tensor {
  if (isFloat(x.dtype)) return x.div(y);
  if (c.unsigned(0) === "uint64") return perElement(x, y, (a, b) => (b === 0n ? 0n : a / b));
  return x.div(y, { roundingMode: "trunc" }).to(x.dtype);
}

/** uint64, whose values no number of the library has, one by one. */
function perElement(x: Tensor, y: Tensor, f: (a: bigint, b: bigint) => bigint): Tensor {
  const [a, b] = [x.add(y.mul(0)), y.add(x.mul(0))];
  const [as, bs] = [a.toTypedArray() as BigInt64Array, b.toTypedArray() as BigInt64Array];
  const out = BigInt64Array.from(as, (value, i) =>
    BigInt.asIntN(64, f(BigInt.asUintN(64, value), BigInt.asUintN(64, bs[i]!))),
  );
  const result = a.clone();
  (result.storage.backend.view(result.storage.block, "int64", result.offset, out.length) as BigInt64Array).set(out);
  return result;
}

function modulo(x: Tensor, y: Tensor, c: Context): Tensor {
  if (c.unsigned(0) === "uint64") return perElement(x, y, (a, b) => (b === 0n ? 0n : a % b));
  return c.flag("fmod") ? x.fmod(y) : x.remainder(y);
}

/** The result has the type of the base. */
function power(c: Context): Tensor {
  const [x, y] = operands(c);
  if (c.version < 7 || x.dtype === y.dtype) return x.pow(y);
  const other = c.unsigned(1) === undefined && !isFloat(y.dtype) && isFloat(x.dtype) ? y.to(x.dtype) : y;
  return isFloat(x.dtype)
    ? x.pow(other.to(x.dtype))
    : x
        .to(isFloat(y.dtype) ? "float64" : "int64")
        .pow(y)
        .to(x.dtype);
}

const bits: Readonly<Record<string, number>> = { uint8: 8, uint16: 16, uint32: 32, uint64: 64 };

/** Shifts by the width of the type or more leave nothing. */
function shift(c: Context): Tensor {
  const [x, y] = operands(c);
  const type = c.unsigned(0);
  const width = bits[type ?? x.dtype] ?? c.fail(`takes unsigned integers, got ${x.dtype}`);
  const isLeft = c.string("direction") === "LEFT";
  if (type === "uint64")
    return perElement(x, y, (a, b) => (b >= 64n ? 0n : isLeft ? BigInt.asUintN(64, a << b) : a >> b));
  const [a, b] = [x.to("int64"), y.to("int64")];
  const safe = b.clamp(0, width - 1);
  const shifted = isLeft ? a.bitwiseLeftShift(safe) : a.bitwiseRightShift(safe);
  const result = shifted.bitwiseAnd(2 ** width - 1).mul(b.lt(width).to("int64"));
  return type === undefined ? result.to(x.dtype) : wrapUnsigned(result, type);
}

const asBool = (x: Tensor): Tensor => x.to("bool");

const isFirst = (_x: Tensor, c: Context): boolean => c.inputs.length === 1;

export const arithmetic: readonly Entry[] = [
  binary("Add", (x, y) => x.add(y)),
  binary("Sub", (x, y) => x.sub(y)),
  binary("Mul", (x, y) => x.mul(y)),
  binary("Div", divide),
  binary("Mod", modulo),
  { name: "Pow", weights: [0], unsigned: "itself", run: power },
  binary("BitwiseAnd", (x, y) => x.bitwiseAnd(y)),
  binary("BitwiseOr", (x, y) => x.bitwiseOr(y)),
  binary("BitwiseXor", (x, y) => x.bitwiseXor(y)),
  { name: "BitShift", since: 11, unsigned: true, run: shift },
  compare("Equal", 1, (x, y) => x.eq(y)),
  compare("Greater", 1, (x, y) => x.gt(y)),
  compare("GreaterOrEqual", 12, (x, y) => x.ge(y)),
  compare("Less", 1, (x, y) => x.lt(y)),
  compare("LessOrEqual", 12, (x, y) => x.le(y)),
  binary("And", (x, y) => asBool(x).logicalAnd(asBool(y)), false),
  binary("Or", (x, y) => asBool(x).logicalOr(asBool(y)), false),
  binary("Xor", (x, y) => asBool(x).logicalXor(asBool(y)), false),
  extremum("Max", (x, y) => x.maximum(y)),
  extremum("Min", (x, y) => x.minimum(y)),
  {
    name: "Sum",
    weights: "all",
    run: (c) => (isFirst(c.x, c) ? c.x : c.tensors.reduce((x, y) => x.add(y))),
  },
  {
    name: "Mean",
    weights: "all",
    run: (c) => c.tensors.reduce((x, y) => x.add(y)).div(c.inputs.length),
  },
  {
    name: "Where",
    since: 9,
    weights: [1, 2],
    unsigned: true,
    run: (c) => c.tensor(1).where(c.x, c.tensor(2)),
  },
];
