/** The dtypes as constants: `torch.float32 === "float32"`. */

/** 32-bit floating point, the default. @see torch.float32 */
export const float32 = "float32";
/** 64-bit floating point. @see torch.float64 */
export const float64 = "float64";
/** 16-bit floating point: 5 bits of exponent, 10 of fraction. @see torch.float16 */
export const float16 = "float16";
/** 16-bit floating point with the range of float32: 8 bits of exponent, 7 of fraction. @see torch.bfloat16 */
export const bfloat16 = "bfloat16";
/** 64-bit integer, the type of indices. @see torch.int64 */
export const int64 = "int64";
/** 32-bit integer. @see torch.int32 */
export const int32 = "int32";
/** 16-bit integer. @see torch.int16 */
export const int16 = "int16";
/** 8-bit integer. @see torch.int8 */
export const int8 = "int8";
/** 8-bit integer without a sign. @see torch.uint8 */
export const uint8 = "uint8";
/** Boolean. @see torch.bool */
export const bool = "bool";
export { float16 as half, float32 as float, float64 as double, int16 as short, int32 as int, int64 as long };
