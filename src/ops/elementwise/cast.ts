/** Casts that are methods only: as functions, their names are dtypes. */
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { to } from "../creation/copy";

/** `x` as float32. @see torch.Tensor.float */
export const float = named("float", "input", (x: Tensor): Tensor => to(x, "float32"));
/** `x` as float64. @see torch.Tensor.double */
export const double = named("double", "input", (x: Tensor): Tensor => to(x, "float64"));
/** `x` as int64. @see torch.Tensor.long */
export const long = named("long", "input", (x: Tensor): Tensor => to(x, "int64"));
/** `x` as int32. @see torch.Tensor.int */
export const int = named("int", "input", (x: Tensor): Tensor => to(x, "int32"));
/** `x` as int16. @see torch.Tensor.short */
export const short = named("short", "input", (x: Tensor): Tensor => to(x, "int16"));
/** `x` as int8. @see torch.Tensor.char */
export const char = named("char", "input", (x: Tensor): Tensor => to(x, "int8"));
/** `x` as uint8. @see torch.Tensor.byte */
export const byte = named("byte", "input", (x: Tensor): Tensor => to(x, "uint8"));
/** `x` as bool: whether each element is not zero. @see torch.Tensor.bool */
export const bool = named("bool", "input", (x: Tensor): Tensor => to(x, "bool"));
/** `x` as float16. @see torch.Tensor.half */
export const half = named("half", "input", (x: Tensor): Tensor => to(x, "float16"));
/** `x` as bfloat16. @see torch.Tensor.bfloat16 */
export const bfloat16 = named("bfloat16", "input", (x: Tensor): Tensor => to(x, "bfloat16"));
