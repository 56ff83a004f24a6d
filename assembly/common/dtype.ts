/** Element type codes of the kernel ABI; `src/core/dtype.ts` has the same numbers. */
export const F32: i32 = 0;
export const F64: i32 = 1;
export const I64: i32 = 2;
export const I32: i32 = 3;
export const I16: i32 = 4;
export const I8: i32 = 5;
export const U8: i32 = 6;
export const BOOL: i32 = 7;
/** Storage only: copied and cast, never computed in. */
export const F16: i32 = 8;
export const BF16: i32 = 9;
