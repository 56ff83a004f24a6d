/** The dtypes as constants: `torch.float32 === "float32"`. */
export const float32 = "float32";
export const float64 = "float64";
export const float16 = "float16";
export const bfloat16 = "bfloat16";
export const int64 = "int64";
export const int32 = "int32";
export const int16 = "int16";
export const int8 = "int8";
export const uint8 = "uint8";
export const bool = "bool";
export { float16 as half, float32 as float, float64 as double, int16 as short, int32 as int, int64 as long };
