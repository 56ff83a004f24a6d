/** From a strategy and an element type code to the runner for that type; a type that is not listed traps. */
import { BOOL, F32, F64, I32, I64 } from "./dtype";
import {
  exact2,
  lanes1,
  lanes2,
  lanes3,
  pairs1,
  pairs2,
  Run1,
  Run2,
  Run3,
  scalars1,
  scalars2,
  shortcuts1,
  streams1,
  streams2,
  wide1,
  wide2,
  wide3,
  widened1,
  widened2,
} from "./run";

/** Floats: four f32 vectors at a time; f64 one by one. */
export function floats1<OP>(t: i32): Run1 {
  if (t == F32) return (t, y, x, s, n, p, q) => streams1<OP, f32>(y, x, s, n, p, q);
  if (t == F64) return (t, y, x, s, n, p, q) => scalars1<OP, f64, f64>(y, x, s, n, p, q);
  return unreachable();
}

/** Floats: f32 vectors one at a time, for what branches or is not worth four copies; f64 one by one. */
export function singles1<OP>(t: i32): Run1 {
  if (t == F32) return (t, y, x, s, n, p, q) => lanes1<OP, f32>(y, x, s, n, p, q);
  if (t == F64) return (t, y, x, s, n, p, q) => scalars1<OP, f64, f64>(y, x, s, n, p, q);
  return unreachable();
}

/** Like `floats1`, with a short cut for ordinary elements. */
export function guarded1<OP>(t: i32): Run1 {
  if (t == F32) return (t, y, x, s, n, p, q) => shortcuts1<OP>(y, x, s, n, p, q);
  if (t == F64) return (t, y, x, s, n, p, q) => scalars1<OP, f64, f64>(y, x, s, n, p, q);
  return unreachable();
}

/** Floats: vectors of both types, f32 two at a time. */
export function vectors1<OP>(t: i32): Run1 {
  if (t == F32) return (t, y, x, s, n, p, q) => pairs1<OP, f32>(y, x, s, n, p, q);
  if (t == F64) return (t, y, x, s, n, p, q) => lanes1<OP, f64>(y, x, s, n, p, q);
  return unreachable();
}

/** Like `vectors1`, f32 four at a time: for what every network does. */
export function streaming1<OP>(t: i32): Run1 {
  if (t == F32) return (t, y, x, s, n, p, q) => streams1<OP, f32>(y, x, s, n, p, q);
  if (t == F64) return (t, y, x, s, n, p, q) => lanes1<OP, f64>(y, x, s, n, p, q);
  return unreachable();
}

/** Floats: both types through an f64 strategy. */
export function specials1<OP>(t: i32): Run1 {
  if (t == F32) return (t, y, x, s, n, p, q) => widened1<OP>(y, x, s, n, p, q);
  if (t == F64) return (t, y, x, s, n, p, q) => scalars1<OP, f64, f64>(y, x, s, n, p, q);
  return unreachable();
}

/** Integers, and bool as its byte, by elements. */
export function integers1<OP>(t: i32): Run1 {
  if (t == I64) return (t, y, x, s, n, p, q) => scalars1<OP, i64, i64>(y, x, s, n, p, q);
  return (t, y, x, s, n, p, q) => wide1<OP>(t, t, y, x, s, n, p, q);
}

/** Floats by vectors (`vec`), integers and bool by elements (`one`). */
export function numbers1<OP>(t: i32): Run1 {
  return t <= F64 ? vectors1<OP>(t) : integers1<OP>(t);
}

/** All types in, bool out, by elements. */
export function predicates1<OP>(t: i32): Run1 {
  if (t == F32) return (t, y, x, s, n, p, q) => scalars1<OP, f32, u8>(y, x, s, n, p, q);
  if (t == F64) return (t, y, x, s, n, p, q) => scalars1<OP, f64, u8>(y, x, s, n, p, q);
  return (t, y, x, s, n, p, q) => wide1<OP>(BOOL, t, y, x, s, n, p, q);
}

/** Floats: f32 vectors one at a time, for what branches or is not worth four copies; f64 one by one. */
export function singles2<OP>(t: i32): Run2 {
  if (t == F32) return (t, y, a, b, sa, sb, n, p) => lanes2<OP, f32>(y, a, b, sa, sb, n, p);
  if (t == F64) return (t, y, a, b, sa, sb, n, p) => scalars2<OP, f64, f64>(y, a, b, sa, sb, n, p);
  return unreachable();
}

/** Floats: vectors of both types, f32 two at a time. */
export function vectors2<OP>(t: i32): Run2 {
  if (t == F32) return (t, y, a, b, sa, sb, n, p) => pairs2<OP, f32>(y, a, b, sa, sb, n, p);
  if (t == F64) return (t, y, a, b, sa, sb, n, p) => lanes2<OP, f64>(y, a, b, sa, sb, n, p);
  return unreachable();
}

/** Like `vectors2`, f32 four at a time: for what every network does. */
export function streaming2<OP>(t: i32): Run2 {
  if (t == F32) return (t, y, a, b, sa, sb, n, p) => streams2<OP, f32>(y, a, b, sa, sb, n, p);
  if (t == F64) return (t, y, a, b, sa, sb, n, p) => lanes2<OP, f64>(y, a, b, sa, sb, n, p);
  return unreachable();
}

/** Floats: both types through an f64 strategy. */
export function specials2<OP>(t: i32): Run2 {
  if (t == F32) return (t, y, a, b, sa, sb, n, p) => widened2<OP>(y, a, b, sa, sb, n, p);
  if (t == F64) return (t, y, a, b, sa, sb, n, p) => scalars2<OP, f64, f64>(y, a, b, sa, sb, n, p);
  return unreachable();
}

/** Floats, each type by its own elements. */
export function elements2<OP>(t: i32): Run2 {
  if (t == F32) return (t, y, a, b, sa, sb, n, p) => scalars2<OP, f32, f32>(y, a, b, sa, sb, n, p);
  if (t == F64) return (t, y, a, b, sa, sb, n, p) => scalars2<OP, f64, f64>(y, a, b, sa, sb, n, p);
  return unreachable();
}

/** Integers, and bool as its byte, by elements. */
export function integers2<OP>(t: i32): Run2 {
  if (t == I64) return (t, y, a, b, sa, sb, n, p) => scalars2<OP, i64, i64>(y, a, b, sa, sb, n, p);
  return (t, y, a, b, sa, sb, n, p) => wide2<OP>(t, t, y, a, b, sa, sb, n, p);
}

/** Floats by vectors (`vec`), integers and bool by elements (`one`). */
export function numbers2<OP>(t: i32): Run2 {
  return t <= F64 ? vectors2<OP>(t) : integers2<OP>(t);
}

/** All types; the large ones by vectors. */
export function arithmetic2<OP>(t: i32): Run2 {
  if (t == F32) return (t, y, a, b, sa, sb, n, p) => streams2<OP, f32>(y, a, b, sa, sb, n, p);
  if (t == F64) return (t, y, a, b, sa, sb, n, p) => streams2<OP, f64>(y, a, b, sa, sb, n, p);
  if (t == I64) return (t, y, a, b, sa, sb, n, p) => exact2<OP, i64>(y, a, b, sa, sb, n, p);
  if (t == I32) return (t, y, a, b, sa, sb, n, p) => exact2<OP, i32>(y, a, b, sa, sb, n, p);
  return (t, y, a, b, sa, sb, n, p) => wide2<OP>(t, t, y, a, b, sa, sb, n, p);
}

/** Floats: vectors of both types. */
export function vectors3<OP>(t: i32): Run3 {
  if (t == F32) return (t, y, a, b, c, sa, sb, sc, n, p) => lanes3<OP, f32>(y, a, b, c, sa, sb, sc, n, p);
  if (t == F64) return (t, y, a, b, c, sa, sb, sc, n, p) => lanes3<OP, f64>(y, a, b, c, sa, sb, sc, n, p);
  return unreachable();
}

/** Floats by vectors (`vec`), integers and bool by elements (`one`). */
export function numbers3<OP>(t: i32): Run3 {
  return t <= F64 ? vectors3<OP>(t) : (t, y, a, b, c, sa, sb, sc, n, p) => wide3<OP>(t, y, a, b, c, sa, sb, sc, n, p);
}
