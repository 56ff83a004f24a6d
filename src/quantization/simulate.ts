/**
 * Quantized models computed with numbers: layers of integers become layers of float32 between roundings. So they are exported to ONNX, whose nodes
 * QuantizeLinear and DequantizeLinear say the same.
 */
let isSimulated = false;

/** Whether quantized layers compute with numbers now. */
export const simulates = (): boolean => isSimulated;

/** Runs `body` with quantized layers that compute with numbers. Their quantized tensors hold float32. */
export function simulate<T>(body: () => T): T {
  const before = isSimulated;
  isSimulated = true;
  try {
    return body();
  } finally {
    isSimulated = before;
  }
}
