/** Bits of IEEE half precision and bfloat16, to and from f32. */

/** f32 of half-precision bits, exactly. */
export function halfToFloat(bits: u32): f32 {
  const magnitude = bits & 0x7fff;
  const sign = (bits & 0x8000) << 16;
  // Scaling by 2¹¹² moves the exponent's bias, and makes subnormals normal; infinities and NaN get f32's exponent.
  let y = reinterpret<u32>(reinterpret<f32>(magnitude << 13) * reinterpret<f32>(0x77800000));
  if (magnitude >= 0x7c00) y |= 0x7f800000;
  return reinterpret<f32>(y | sign);
}

/** Half-precision bits of x, rounded to nearest even. */
export function floatToHalf(x: f32): u32 {
  const bits = reinterpret<u32>(x);
  const sign = (bits >> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Adding ½ puts the units of a subnormal half in f32's last bits, where the addition rounds them.
    return sign | (reinterpret<u32>(reinterpret<f32>(magnitude) + 0.5) - 0x3f000000);
  }
  const odd = (magnitude >> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

/** f32 of bfloat16 bits, exactly. */
// @ts-ignore: decorator
@inline
export function bfloatToFloat(bits: u32): f32 {
  return reinterpret<f32>(bits << 16);
}

/** bfloat16 bits of x, rounded to nearest even. */
export function floatToBfloat(x: f32): u32 {
  const bits = reinterpret<u32>(x);
  if (x != x) return (bits >> 16) | 0x40;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}
