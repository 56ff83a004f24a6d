/**
 * LZMA's decoder, by which both binaries of the kernels travel in one text: the second repeats most of the first, farther away than Deflate looks. It is
 * a binary of its own, for streams without a header, with 3 bits of literal context, none of literal position, and 2 of position.
 */

/** Where the probabilities of all decisions begin, in elements of 16 bits from address 0 on. */
const IS_MATCH = 0;
const IS_REPEAT = 192;
const IS_REPEAT_0 = 204;
const IS_REPEAT_1 = 216;
const IS_REPEAT_2 = 228;
const IS_LONG_0 = 240;
const SLOT = 432;
const SPECIAL = 688;
const ALIGN = 802;
const MATCH_LENGTH = 818;
const REPEAT_LENGTH = 1332;
const LITERAL = 1846;
const COUNT = LITERAL + (768 << 3);

const HALF: u16 = 1024;
const LEAST_RANGE: u32 = 1 << 24;

let source: usize = 0;
let range: u32 = 0;
let code: u32 = 0;

@inline
function normalize(): void {
  if (range >= LEAST_RANGE) return;
  range <<= 8;
  code = (code << 8) | load<u8>(source++);
}

function bit(index: i32): i32 {
  const address = (<usize>index) << 1;
  const probability = <u32>load<u16>(address);
  const bound = (range >>> 11) * probability;
  const isOne = code >= bound;
  if (isOne) {
    range -= bound;
    code -= bound;
    store<u16>(address, probability - (probability >>> 5));
  } else {
    range = bound;
    store<u16>(address, probability + ((2048 - probability) >>> 5));
  }
  normalize();
  return i32(isOne);
}

/** A number of so many bits, the highest first, each of which depends on those before. */
function tree(base: i32, bits: i32): i32 {
  let node = 1;
  for (let i = 0; i < bits; i++) node = (node << 1) | bit(base + node);
  return node - (1 << bits);
}

/** The same with the lowest bit first. */
function reverseTree(base: i32, bits: i32): i32 {
  let node = 1;
  let value = 0;
  for (let i = 0; i < bits; i++) {
    const b = bit(base + node);
    node = (node << 1) | b;
    value |= b << i;
  }
  return value;
}

function direct(bits: i32): i32 {
  let value = 0;
  for (let i = 0; i < bits; i++) {
    range >>>= 1;
    const b = code >= range;
    if (b) code -= range;
    value = (value << 1) | i32(b);
    normalize();
  }
  return value;
}

function matchLength(base: i32, position: i32): i32 {
  if (!bit(base)) return 2 + tree(base + 2 + (position << 3), 3);
  if (!bit(base + 1)) return 10 + tree(base + 130 + (position << 3), 3);
  return 18 + tree(base + 258, 8);
}

/** How far back a match lies, less one. */
function matchDistance(length: i32): i32 {
  const slot = tree(SLOT + (min(length - 2, 3) << 6), 6);
  if (slot < 4) return slot;
  const bits = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) << bits;
  if (slot < 14) return base + reverseTree(SPECIAL + base - slot - 1, bits);
  return base + (direct(bits - 4) << 4) + reverseTree(ALIGN, 4);
}

/** A byte that is no match; one after a match most likely differs from the byte at the match's distance. */
function literal(previous: i32, matched: i32, isAfterMatch: bool): i32 {
  const base = LITERAL + 768 * (previous >> 5);
  let symbol = 1;
  if (isAfterMatch)
    for (let shift = 7; symbol < 256; shift--) {
      const expected = (matched >> shift) & 1;
      const b = bit(base + ((1 + expected) << 8) + symbol);
      symbol = (symbol << 1) | b;
      if (b != expected) break;
    }
  while (symbol < 256) symbol = (symbol << 1) | bit(base + symbol);
  return symbol;
}

/** Unpacks `length` bytes to `target`; the stream may have more. It lies in no place below 16 KiB. */
export function unpack(stream: usize, target: usize, length: i32): void {
  for (let i = 0; i < COUNT; i++) store<u16>((<usize>i) << 1, HALF);
  source = stream + 1;
  range = -1;
  code = 0;
  for (let i = 0; i < 4; i++) code = (code << 8) | load<u8>(source++);
  const end = target + length;
  let at = target;
  let state = 0;
  // The distances of the last four matches, less one.
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  while (at < end) {
    const position = <i32>(at - target) & 3;
    if (!bit(IS_MATCH + (state << 4) + position)) {
      const previous = at > target ? <i32>load<u8>(at - 1) : 0;
      const matched = state < 7 ? 0 : <i32>load<u8>(at - first - 1);
      store<u8>(at++, literal(previous, matched, state >= 7));
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let size = 1;
    if (!bit(IS_REPEAT + state)) {
      fourth = third;
      third = second;
      second = first;
      size = matchLength(MATCH_LENGTH, position);
      first = matchDistance(size);
      state = state < 7 ? 7 : 10;
    } else {
      let isShort = false;
      if (!bit(IS_REPEAT_0 + state)) isShort = !bit(IS_LONG_0 + (state << 4) + position);
      else {
        let distance = second;
        if (bit(IS_REPEAT_1 + state)) {
          if (!bit(IS_REPEAT_2 + state)) distance = third;
          else {
            distance = fourth;
            fourth = third;
          }
          third = second;
        }
        second = first;
        first = distance;
      }
      if (!isShort) size = matchLength(REPEAT_LENGTH, position);
      state = state < 7 ? (isShort ? 9 : 8) : 11;
    }
    const last = min(at + size, end);
    for (; at < last; at++) store<u8>(at, load<u8>(at - first - 1));
  }
}
