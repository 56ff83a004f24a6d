/** Writes `value`, cast to type `t`, to elements [begin, end) of `y`. */
export function fill(t: i32, y: usize, value: f64, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) store<f32>(y + ((<usize>i) << 2), <f32>value);
}
