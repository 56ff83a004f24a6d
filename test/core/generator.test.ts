/** Every expected value was drawn by PyTorch 1.13 (CPU) after `torch.manual_seed` with the same seed. */
import { beforeEach, describe, expect, it } from "vitest";
import { DeviceError, FormatError, ValueError } from "../../src/core/errors";
import { Generator } from "../../src/core/generator";
import * as random from "../../src/core/random";

/** FNV-1a of the memory of a typed array, to compare long streams bit for bit. */
function fnv(data: ArrayBufferView): number {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function close(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value));
  });
}

function draw<A>(out: A, fill: (out: A) => void): A {
  fill(out);
  return out;
}

let g: Generator;
beforeEach(() => {
  g = new Generator().manualSeed(3);
});

describe("Generator", () => {
  it("draws PyTorch's uniform numbers", () => {
    g.manualSeed(0);
    expect([...draw(new Float32Array(3), (x) => random.uniform(x, 0, 1, g))]).toEqual(
      [0.49625658988952637, 0.7682217955589294, 0.08847743272781372].map(Math.fround),
    );
    expect([...draw(new Float64Array(2), (x) => random.uniform(x, 0, 1, g))]).toEqual([
      0.0562441839043476, 0.07262971157225484,
    ]);
  });

  it("uses the low 32 bits of the seed and remembers all of it", () => {
    const words = (seed: number | bigint): number[] => {
      const generator = new Generator().manualSeed(seed);
      return [generator.random(), generator.random()];
    };
    expect(words(2n ** 63n + 5n)).toEqual(words(5));
    expect(words(-1)).toEqual(words(0xffffffff));
    expect(g.manualSeed(-1).initialSeed()).toBe(2n ** 64n - 1n);
    expect(g.manualSeed(2n ** 40n).initialSeed()).toBe(2 ** 40);
    expect(new Generator().initialSeed()).toBe(67280421310721);
  });

  it("refuses seeds that are no 64-bit integers, and other devices", () => {
    for (const seed of [0.5, Number.NaN, 2 ** 60]) expect(() => g.manualSeed(seed)).toThrow("takes an integer");
    expect(() => g.manualSeed(2n ** 64n)).toThrow(ValueError);
    expect(() => new Generator("cuda")).toThrow(DeviceError);
  });

  it("seeds itself anew", () => {
    const seed = g.seed();
    expect(g.initialSeed()).toBe(seed);
    expect(g.random()).toBe(new Generator().manualSeed(seed).random());
  });

  it("writes the bytes of torch.get_rng_state()", () => {
    expect(fnv(g.manualSeed(42).getState())).toBe(1979827134);
    random.normal(new Float32Array(3), 0, 1, g);
    expect(fnv(g.getState())).toBe(214819319);
  });

  it("continues from a state, the kept normal number included", () => {
    random.normal(new Float32Array(3), 0, 1, g.manualSeed(42));
    const copy = new Generator().setState(g.getState());
    for (const generator of [g, copy]) {
      const uniform = draw(new Float32Array(2), (x) => random.uniform(x, 0, 1, generator));
      expect([...uniform]).toEqual([0.9407714605331421, 0.13318592309951782].map(Math.fround));
      close(
        draw(new Float32Array(2), (x) => random.normal(x, 0, 1, generator)),
        [0.23033303022384644, -2.466057062149048],
      );
    }
  });

  it("refuses bytes that are no state and stays as it was", () => {
    const before = g.getState();
    const damaged = g.getState();
    damaged[8] = 7;
    expect(() => g.setState(before.subarray(1))).toThrow("5056 bytes, got 5055");
    expect(() => g.setState(damaged)).toThrow(FormatError);
    expect(g.getState()).toEqual(before);
  });
});

describe("real distributions", () => {
  it("normal: blocks of 16 with a redrawn tail, bit for bit", () => {
    expect(fnv(draw(new Float32Array(1003), (x) => random.normal(x, 0, 1, g)))).toBe(203991326);
    expect(draw(new Float32Array(1), (x) => random.uniform(x, 0, 1, g))[0]).toBe(Math.fround(0.28603988885879517));
  });

  it("normal: the same in float64", () => {
    close(
      draw(new Float64Array(18), (x) => random.normal(x, 0, 1, g)),
      [
        -0.21774879177876416, 0.1466771298110492, -2.2236365609620106, -0.47243610013370785, -1.3464356890265727,
        -0.2841692588173489, 0.16794475101412973, 0.7580573286215819, 1.0784352439814244, 0.34363379791442283,
        1.0037937230788416, -0.2213963739970204, -0.5840098795893389, -1.224985367308154, -0.269718737037564,
        0.20366863384122577, 0.028752867895017985, 0.24243710319485537,
      ],
    );
  });

  it("normalEach: one by one at any length", () => {
    close(
      draw(new Float32Array(18), (x) => random.normalEach(x, 1, 2, g)).subarray(0, 4),
      [2.6065521240234375, 1.3496668338775635, 1.177956223487854, -0.22743602097034454],
    );
  });

  it("uniform: one rounding, bit for bit", () => {
    expect(fnv(draw(new Float32Array(1003), (x) => random.uniform(x, -0.3, 1.7, g)))).toBe(36872686);
  });

  it("exponential, cauchy, geometric, logNormal", () => {
    close(
      draw(new Float32Array(3), (x) => random.exponential(x, 2.5, g)),
      [0.0138813816010952, 0.1351638287305832, 0.5929722785949707],
    );
    close(
      draw(new Float32Array(3), (x) => random.cauchy(x, 0.5, 2, g)),
      [-2.76538348197937, 2.5686442852020264, 1.2076523303985596],
    );
    expect([...draw(new Float32Array(4), (x) => random.geometric(x, 0.3, g))]).toEqual([5, 3, 3, 1]);
    close(
      draw(new Float32Array(3), (x) => random.logNormal(x, 0.1, 0.4, g)),
      [1.3618172407150269, 1.8133331537246704, 0.7820362448692322],
    );
  });

  it("poisson, standardGamma, binomial", () => {
    const rates = Float32Array.of(0, 0.5, 3, 9, 12, 400, 1e5);
    expect([...draw(new Float32Array(7), (x) => random.poisson(x, rates, g))]).toEqual([0, 0, 2, 11, 7, 445, 100146]);
    const shapes = Float32Array.of(0, 0.1, 1, 7);
    close(
      draw(new Float32Array(4), (x) => random.standardGamma(x, shapes, g)),
      [1.1754943508222875e-38, 0.4107421636581421, 1.9841781854629517, 4.081732749938965],
    );
    const counts = Float32Array.of(0, 7, 50, 50, 1000);
    const probabilities = Float32Array.of(0.5, 0.4, 0.9, 0.02, 0.5);
    expect([...draw(new Float32Array(5), (x) => random.binomial(x, counts, probabilities, g))]).toEqual([
      0, 1, 50, 0, 480,
    ]);
    close(
      draw(new Float32Array(2), (x) => random.uniform(x, 0, 1, g)),
      [0.2731899619102478, 0.5074561238288879],
    );
  });

  it("rreluSlopes: draws only where the input is not positive", () => {
    const slopes = draw(new Float32Array(5), (x) =>
      random.rreluSlopes(x, Float32Array.of(-1, 2, -1, 0, -1), 0.1, 0.3, g),
    );
    close(
      [slopes[0]!, slopes[1]!, slopes[2]!, slopes[4]!],
      [0.10682164132595062, 1, 0.15734805166721344, 0.13498540222644806],
    );
  });

  it("refuses parameters that make no distribution", () => {
    const x = new Float32Array(2);
    expect(() => random.uniform(x, 2, 1, g)).toThrow("from = 2 and to = 1");
    expect(() => random.uniform(x, -3e38, 3e38, g)).toThrow(ValueError);
    for (const n of [2, 20]) expect(() => random.normal(new Float32Array(n), 0, -1, g)).toThrow(ValueError);
    expect(() => random.exponential(x, -1, g)).toThrow(ValueError);
    expect(() => random.geometric(x, 1, g)).toThrow(ValueError);
    expect(() => random.poisson(x, Float32Array.of(1, -1), g)).toThrow(ValueError);
  });
});

describe("discrete distributions", () => {
  it("randomFromTo: 32 bits for a span below 2^32, 64 for more", () => {
    expect(fnv(draw(new BigInt64Array(1500), (x) => random.randomFromTo(x, "int64", 0, 1000, g)))).toBe(1297317950);
    g.manualSeed(3);
    const wide = draw(new BigInt64Array(3), (x) => random.randomFromTo(x, "int64", -(2 ** 50), 2 ** 50, g));
    expect([...wide]).toEqual([-818680592398696n, -794973364099453n, -919500437363768n]);
  });

  it("randomFromTo: the edges of int64", () => {
    const all = draw(new BigInt64Array(3), (x) => random.randomFromTo(x, "int64", -(2n ** 63n), null, g));
    expect([...all]).toEqual([-8286316095047268712n, -5383722427978684797n, 5366245355481424840n]);
    const few = draw(new BigInt64Array(2), (x) => random.randomFromTo(x, "int64", 2n ** 60n, 2n ** 60n + 9n, g));
    expect([...few]).toEqual([1152921504606846982n, 1152921504606846978n]);
  });

  it("randomFromTo: bounds beyond the exact integers of a float", () => {
    const drawn = draw(new Float32Array(3), (x) => random.randomFromTo(x, "float32", 0, 2 ** 30, g));
    expect([...drawn]).toEqual([218175472, 303761056, 893988224]);
  });

  it("random: the whole range of every type", () => {
    const cases = [
      [new BigInt64Array(3), "int64", [937055941807507096n, 3839649608876091011n, 5366245355481424840n]],
      [new Int32Array(3), "int32", [218175338, 303761048, 893988089]],
      [new Int16Array(3), "int16", [5994, 1688, 11513]],
      [new Int8Array(3), "int8", [106, 24, 121]],
      [new Uint8Array(3), "uint8", [106, 152, 249]],
      [new Uint8Array(3), "bool", [0, 0, 1]],
      [new Float32Array(3), "float32", [71389, 1771142, 4795460]],
      [new Float64Array(3), "float64", [307219314442800, 2582726356426969, 6961798910534005]],
    ] as const;
    for (const [out, dtype, expected] of cases) {
      random.random(out, dtype, g.manualSeed(3));
      expect([...out]).toEqual(expected);
    }
  });

  it("bernoulli: 53 bits for one probability, the bits of the type for many", () => {
    expect(fnv(draw(new BigInt64Array(1500), (x) => random.bernoulli(x, 0.3, g)))).toBe(166156196);
    const p = Array.from({ length: 9 }, (_, i) => i / 8);
    g.manualSeed(3);
    const single = draw(new Float32Array(9), (x) => random.bernoulliEach(x, Float32Array.from(p), g));
    expect([...single]).toEqual([0, 1, 0, 1, 1, 1, 0, 1, 1]);
    const double = draw(new Uint8Array(9), (x) => random.bernoulliEach(x, Float64Array.from(p), g));
    expect([...double]).toEqual([0, 0, 1, 0, 0, 0, 1, 1, 1]);
  });

  it("randperm", () => {
    expect(fnv(random.randperm(1500, g))).toBe(1821698637);
    expect([...random.randperm(0, g), ...random.randperm(1, g)]).toEqual([0]);
  });

  it("multinomial", () => {
    const weights = Float32Array.of(0.1, 0, 0.4, 0.2, 0.3);
    expect([...random.multinomial(weights, 8, true, g)]).toEqual([0, 2, 4, 2, 4, 3, 2, 2]);
    expect([...random.multinomial(weights, 3, false, g)]).toEqual([2, 4, 3]);
    expect([...random.multinomial(weights, 1, false, g)]).toEqual([2]);
  });

  it("refuses empty ranges, ranges that the type cannot hold, and weights that are none", () => {
    expect(() => random.randomFromTo(new Int32Array(1), "int32", 5, 5, g)).toThrow("from = 5 and to = 5");
    expect(() => random.randomFromTo(new Uint8Array(1), "uint8", 0, 300, g)).toThrow("uint8 holds 0 to 255");
    expect(() => random.bernoulli(new Float32Array(1), 1.5, g)).toThrow(ValueError);
    expect(() => random.multinomial(Float32Array.of(1, -1), 1, true, g)).toThrow("not negative");
    expect(() => random.multinomial(Float32Array.of(0, 0), 1, true, g)).toThrow("sum of the weights is zero");
    expect(() => random.multinomial(Float32Array.of(1, 1), 3, false, g)).toThrow("without replacement");
  });
});
