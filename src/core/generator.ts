/**
 * PyTorch's CPU random number engine: mt19937 with PyTorch's seeding, its 32- and 64-bit draws, its state format, and the
 * second value of a Box–Muller pair kept for the next call. The distributions are in `random/`.
 *
 * Matsumoto and Nishimura, Mersenne Twister, ACM TOMACS 8(1), 1998; PyTorch's `MT19937RNGEngine.h` and `CPUGeneratorImpl`.
 */
import { ArgumentError, DeviceError, describe, FormatError, ValueError } from "./errors";

const N = 624;
const M = 397;
const TWO32 = 2 ** 32;
const UNIT53 = 2 ** -53;
const TWO64 = 1n << 64n;

/** The seed of a new `Generator`, as in PyTorch. */
const DEFAULT_SEED = 67280421310721;

/**
 * Byte offsets of the state's fields, PyTorch's `CPUGeneratorImplState` on a 64-bit little-endian machine. The words of
 * mt19937 take 8 bytes each; bytes 5024 to 5039 hold fields that no version since 1.0 reads.
 */
const at = {
  seed: 0,
  left: 8,
  seeded: 12,
  next: 16,
  words: 24,
  normalX: 5016,
  normal: 5024,
  normalRho: 5032,
  hasNormal: 5040,
  float: 5048,
  hasFloat: 5052,
};
const STATE_BYTES = 5056;

/**
 * A stream of random numbers that equals PyTorch's on the CPU, draw for draw.
 *
 * @see torch.Generator
 */
export class Generator {
  readonly device = "cpu";
  private state = new Int32Array(N);
  /** The tempered words of `state`, computed once per block of 624. */
  private words = new Uint32Array(N);
  /** Index of the next word; N when a new block has to be computed first. */
  private position = N;
  /** No block has been drawn since seeding: the state's `next` field is 0 then, although `position` is N. */
  private fresh = true;
  private seedValue = 0n;

  private normal: number | undefined;
  /** The same for float pairs. PyTorch's CPU kernels never set it; it is kept because the state format has it. @internal */
  nextFloatNormal: number | undefined;
  /**
   * Called before the state is read or changed, so that whoever lends this generator to several lines of execution can put the state of
   * the one that runs in its place. @internal
   */
  beforeUse: (() => void) | undefined;

  /** @throws {@link DeviceError} for a device other than the CPU. */
  constructor(device = "cpu") {
    if (device !== "cpu" && device !== "wasm")
      throw new DeviceError(
        `Generator: one on the cpu serves every device, got device ${describe(device)}; leave it out`,
      );
    this.manualSeed(DEFAULT_SEED);
  }

  /**
   * Restarts the stream. A negative seed means 2^64 + seed. Only the low 32 bits choose the stream.
   *
   * @param seed an integer in [-2^63, 2^64); beyond 2^53 a bigint
   * @throws {@link ArgumentError} if it is not an integer, {@link ValueError} if it is out of range
   * @see torch.Generator.manual_seed
   */
  manualSeed(seed: number | bigint): this {
    this.beforeUse?.();
    this.seedValue = toUint64(seed);
    const state = this.state;
    let word = Number(BigInt.asIntN(32, this.seedValue));
    state[0] = word;
    for (let j = 1; j < N; j++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + j) | 0;
      state[j] = word;
    }
    this.position = N;
    this.fresh = true;
    this.normal = undefined;
    this.nextFloatNormal = undefined;
    return this;
  }

  /** The last seed: a number, or a bigint beyond 2^53. @see torch.Generator.initial_seed */
  initialSeed(): number | bigint {
    this.beforeUse?.();
    const seed = this.seedValue;
    return seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : seed;
  }

  /** Seeds from the system's source of randomness and returns the seed, of 53 bits as in PyTorch. @see torch.Generator.seed */
  seed(): number {
    const [high, low] = crypto.getRandomValues(new Uint32Array(2));
    const seed = (high! & 0x1fffff) * TWO32 + low!;
    this.manualSeed(seed);
    return seed;
  }

  /** The next 32 bits, in [0, 2^32). */
  random(): number {
    if (this.beforeUse !== undefined) this.beforeUse();
    if (this.position === N) this.refill();
    return this.words[this.position++]!;
  }

  /** The next 64 bits, in [0, 2^64): two draws, the high word first. */
  random64(): bigint {
    const high = this.random();
    return (BigInt(high) << 32n) | BigInt(this.random());
  }

  /** The next `out.length` draws of 32 bits. */
  fillWords(out: Uint32Array): void {
    if (!(out instanceof Uint32Array))
      throw new ArgumentError(`fillWords: out must be a Uint32Array, got ${describe(out)}`);
    this.beforeUse?.();
    for (let done = 0; done < out.length; ) {
      if (this.position === N) this.refill();
      const count = Math.min(N - this.position, out.length - done);
      out.set(this.words.subarray(this.position, this.position + count), done);
      this.position += count;
      done += count;
    }
  }

  /** The second value of the last Box–Muller pair in double precision, which the next scalar normal draw returns. @internal */
  get nextNormal(): number | undefined {
    if (this.beforeUse !== undefined) this.beforeUse();
    return this.normal;
  }
  set nextNormal(value: number | undefined) {
    if (this.beforeUse !== undefined) this.beforeUse();
    this.normal = value;
  }

  /** Exchanges the whole state with that of another generator, without copying it. @internal */
  exchange(other: Generator): void {
    [this.state, other.state] = [other.state, this.state];
    [this.words, other.words] = [other.words, this.words];
    [this.position, other.position] = [other.position, this.position];
    [this.fresh, other.fresh] = [other.fresh, this.fresh];
    [this.seedValue, other.seedValue] = [other.seedValue, this.seedValue];
    [this.normal, other.normal] = [other.normal, this.normal];
    [this.nextFloatNormal, other.nextFloatNormal] = [other.nextFloatNormal, this.nextFloatNormal];
  }

  /** A double of 53 random bits in [0, 1): two draws. PyTorch's `uniform_real_distribution<double>`. */
  uniform53(): number {
    const high = this.random() & 0x1fffff;
    return (high * TWO32 + this.random()) * UNIT53;
  }

  /** The whole state in the 5056 bytes of `torch.get_rng_state()`, so that states travel to PyTorch and back. */
  getState(): Uint8Array {
    this.beforeUse?.();
    const bytes = new Uint8Array(STATE_BYTES);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(at.seed, this.seedValue, true);
    view.setInt32(at.left, N + 1 - this.position, true);
    view.setInt32(at.seeded, 1, true);
    view.setUint32(at.next, this.fresh ? 0 : this.position, true);
    for (let j = 0; j < N; j++) view.setInt32(at.words + 8 * j, this.state[j]!, true);
    if (this.normal !== undefined) {
      view.setFloat64(at.normal, this.normal, true);
      view.setInt32(at.hasNormal, 1, true);
    }
    if (this.nextFloatNormal !== undefined) {
      view.setFloat32(at.float, this.nextFloatNormal, true);
      view.setUint8(at.hasFloat, 1);
    }
    return bytes;
  }

  /**
   * Takes over a state made by `getState` or by PyTorch's `torch.get_rng_state()`.
   *
   * @throws {@link FormatError} if the bytes are no state of a CPU generator; this generator is unchanged then
   * @see torch.Generator.set_state
   */
  setState(bytes: Uint8Array): this {
    if (!(bytes instanceof Uint8Array)) throw new ArgumentError(`setState: takes a Uint8Array, got ${describe(bytes)}`);
    if (bytes.length !== STATE_BYTES)
      throw new FormatError(`setState: a CPU generator's state has ${STATE_BYTES} bytes, got ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, STATE_BYTES);
    const left = view.getInt32(at.left, true);
    const next = view.getUint32(at.next, true);
    const fresh = left === 1 && next === 0;
    // Every word that was used makes `next` one more and `left` one less, so only one of the two is stored here.
    const valid = view.getInt32(at.seeded, true) === 1 && left >= 1 && (fresh || left + next === N + 1);
    if (!valid) throw new FormatError(`setState: not a valid mt19937 state (left ${left}, next ${next})`);
    this.beforeUse?.();
    this.seedValue = view.getBigUint64(at.seed, true);
    for (let j = 0; j < N; j++) this.state[j] = view.getInt32(at.words + 8 * j, true);
    this.position = fresh ? N : next;
    this.fresh = fresh;
    this.normal = view.getInt32(at.hasNormal, true) === 0 ? undefined : view.getFloat64(at.normal, true);
    this.nextFloatNormal = view.getUint8(at.hasFloat) === 0 ? undefined : view.getFloat32(at.float, true);
    temper(this.state, this.words);
    return this;
  }

  private refill(): void {
    twist(this.state);
    temper(this.state, this.words);
    this.position = 0;
    this.fresh = false;
  }
}

/**
 * The generator that is used where none is given. Its first seed is taken from the system, as in PyTorch, when its state is first asked for: some
 * runtimes have no random numbers while a program is loaded.
 */
export const defaultGenerator = new Generator();
defaultGenerator.beforeUse = () => {
  defaultGenerator.beforeUse = undefined;
  defaultGenerator.seed();
};

/** Replaces the state by the next 624 words of the recurrence. */
function twist(state: Int32Array): void {
  let j = 0;
  for (; j < N - M; j++) state[j] = state[j + M]! ^ mix(state[j]!, state[j + 1]!);
  for (; j < N - 1; j++) state[j] = state[j + M - N]! ^ mix(state[j]!, state[j + 1]!);
  state[j] = state[M - 1]! ^ mix(state[j]!, state[0]!);
}

/** The top bit of `u` and the low bits of `v`, times the matrix of the recurrence. */
function mix(u: number, v: number): number {
  return (((u & 0x80000000) | (v & 0x7fffffff)) >>> 1) ^ Math.imul(v & 1, 0x9908b0df);
}

/** The output transform of mt19937. */
function temper(state: Int32Array, words: Uint32Array): void {
  for (let j = 0; j < N; j++) {
    let y = state[j]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    words[j] = y ^ (y >>> 18);
  }
}

function toUint64(seed: number | bigint): bigint {
  if (typeof seed !== "bigint" && !Number.isSafeInteger(seed))
    throw new ArgumentError(`manualSeed: takes an integer (beyond 2^53 a bigint), got ${describe(seed)}`);
  const value = BigInt(seed);
  if (value < -(1n << 63n) || value >= TWO64)
    throw new ValueError(`manualSeed: the seed must lie in [-2^63, 2^64), got ${describe(seed)}`);
  return BigInt.asUintN(64, value);
}
