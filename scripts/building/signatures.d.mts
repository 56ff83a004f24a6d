/** For each exported function of a WebAssembly binary its parameters, a letter each: `i` for i32, `l` i64, `f` f32, `d` f64. */
export function signaturesOf(bytes: Uint8Array): Record<string, string>;
