/** Matrix products by the kernel `gemm`. */
import type { OpTable } from "../../dispatch";
import type { Engine } from "../engine";

/** Codes of the kernel for where the bias is added. */
const NO_BIAS = 0;
const BIAS_PER_COLUMN = 1;

/** Nanoseconds per multiply-add, to judge whether threads are worth it. */
const MADD_COST = 0.035;

export const products = {
  matmul(engine, { y, a, b, bias, accumulate }) {
    const isStack = y.shape.length === 3;
    const lead = isStack ? 1 : 0;
    const batch = isStack ? y.shape[0]! : 1;
    const m = y.shape[lead]!;
    const n = y.shape[lead + 1]!;
    const k = a.shape[lead + 1]!;
    const range = engine.ask("gemmTasks", [m, n, k, batch]);
    engine.call(
      "gemm",
      y.dtype,
      [
        y,
        a,
        b,
        m,
        n,
        k,
        a.strides[lead]!,
        a.strides[lead + 1]!,
        b.strides[lead]!,
        b.strides[lead + 1]!,
        n,
        isStack ? a.strides[0]! : 0,
        isStack ? b.strides[0]! : 0,
        m * n,
        accumulate ? 1 : 0,
        bias,
        bias === undefined ? NO_BIAS : BIAS_PER_COLUMN,
        0,
      ],
      range,
      batch * m * n * k * MADD_COST,
      true,
    );
  },
} satisfies OpTable<Engine>;
