/** Functions of audio against PyTorch's numbers for torchaudio's definitions. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";
import { expected } from "./expected";

const { audio } = torch;
const F = audio.functional;
const signal = torch.tensor(expected.signal);
const hann = torch.hannWindow(64);
const { gradcheck } = torch.autograd;

describe("spectrogram", () => {
  const short = signal.narrow(1, 0, 300);
  test.each<[string, number, torch.Tensor, number, number, number, number | null, any, object]>([
    ["power", 0, hann, 64, 32, 64, 2, false, {}],
    ["amplitude", 3, torch.hammingWindow(48), 64, 40, 48, 1, "window", { center: false }],
    ["odd", 0, torch.hannWindow(50), 50, 25, 50, 1.5, true, { padMode: "constant" }],
    ["complex", 0, hann, 64, 30, 64, null, "frame_length", { onesided: false }],
  ])("%s", (name, pad, window, nFft, hop, win, power, normalized, options) => {
    const result = F.spectrogram(short, pad, window, nFft, hop, win, power, normalized, options);
    expectClose(result, expected[`spectrogram.${name}`], 3e-6);
  });

  test("keeps the axes before time", () => {
    const batch = signal.reshape([2, 3, 400]);
    const one = F.spectrogram(batch.at(1, 2), 0, hann, 64, 32, 64, 2, false);
    const all = F.spectrogram(batch, 0, hann, 64, 32, 64, 2, false);
    expect(all.shape).toEqual([2, 3, 33, 13]);
    expectClose(all.at(1, 2), one.tolist());
    expect(F.spectrogram(signal.at(0), 0, hann, 64, 32, 64, null, false).shape).toEqual([33, 38, 2]);
  });

  test.each([1, 2, 1.5, 3])("has gradients for power %f", (power) => {
    const window = torch.hannWindow(8, { dtype: "float64" });
    const x = torch.randn([2, 20], { dtype: "float64", requiresGrad: true });
    expect(gradcheck((w: torch.Tensor) => F.spectrogram(w, 1, window, 8, 4, 8, power, true), [x])).toBe(true);
  });

  test("has gradient 0 at silence", () => {
    const x = torch.zeros([64], { requiresGrad: true });
    F.spectrogram(x, 0, hann, 64, 32, 64, 1, false).sum().backward();
    expect(x.grad!.abs().sum().item()).toBe(0);
  });

  test("is undone by its inverse", () => {
    for (const [pad, normalized] of [
      [0, false],
      [5, true],
      [0, "frame_length"],
      [2, "window"],
    ] as const) {
      const z = F.spectrogram(signal, pad, hann, 64, 16, 64, null, normalized);
      const back = F.inverseSpectrogram(z, 1200, pad, hann, 64, 16, 64, normalized);
      expectClose(back, expected.signal, 1e-5);
    }
  });

  test("errors name what is wrong", () => {
    const call = (x: torch.Tensor, ...rest: any[]) => (F.spectrogram as any)(x, ...rest);
    expect(() => call(signal.long(), 0, hann, 64, 32, 64, 2, false)).toThrow(
      /spectrogram: waveform must be of floats, got int64/,
    );
    expect(() => call(torch.tensor(1), 0, hann, 64, 32, 64, 2, false)).toThrow(/shape \[\.\.\., time\]/);
    expect(() => call(signal, 0, hann, 64, 32, 64, 2, "frame")).toThrow(
      /normalized must be true, false, "window" or "frame_length"/,
    );
    expect(() => call(signal, 0, hann, 64, 32, 64, 0, false)).toThrow(/power must be above 0/);
    expect(() => call(signal, 0, hann, 64, 32, 60, 2, false)).toThrow(
      /spectrogram: expected a 1-D window of size winLength = 60/,
    );
    expect(() => call(signal, 0, hann, 64, 32, 64, null, false, { returnComplex: true })).toThrow(/no complex dtype/);
  });
});

test("griffinlim follows PyTorch's numbers from the same random phases", () => {
  torch.manualSeed(3);
  const phases = torch.rand([33, 10, 2]);
  expectClose(phases.narrow(0, 0, 3).narrow(1, 0, 3), expected.randComplex);
  torch.manualSeed(3);
  const power = F.spectrogram(signal, 0, hann, 64, 32, 64, 2, false).at(0).narrow(1, 0, 10);
  expectClose(F.griffinlim(power, hann, 64, 32, 64, 2, 4, 0.99, null, true), expected.griffin, 2e-4);
  expect(F.griffinlim(power, hann, 64, 32, 64, 2, 2, 0, 300, false).shape).toEqual([300]);
  expect(() => F.griffinlim(power, hann, 64, 32, 64, 2, 2, 1, null, false)).toThrow(
    /momentum must be in range \[0, 1\)/,
  );
  expect(() => F.griffinlim(power, hann, 64, 32, 64, 2, 2, 0, 100, false)).toThrow(
    /griffinlim: a signal of length = 100 has 4 frames/,
  );
});

test("phaseVocoder stretches as PyTorch's complex numbers do", () => {
  const z = torch.stft(signal.at(0).narrow(0, 0, 400), 64, { hopLength: 32, window: hann });
  const advance = torch.linspace(0, Math.PI * 32, 33).unsqueeze(1);
  expectClose(F.phaseVocoder(z, 1.3, advance), expected.stretch, 3e-3);
  expect(F.phaseVocoder(z, 1, advance)).toBe(z);
  expect(() => F.phaseVocoder(z.select(-1, 0), 1.3, advance)).toThrow(/complexSpecgrams must be complex|shape/);
});

describe("banks", () => {
  test("mel banks", () => {
    for (const [[nFreqs, fMin, fMax, nMels, rate, norm, melScale], values] of expected.banks)
      expectClose(F.melscaleFbanks(nFreqs, fMin, fMax, nMels, rate, { norm, melScale }), values, 2e-6);
  });

  test("linear banks", () => {
    expectClose(F.linearFbanks(33, 100, 3900, 12, 8000), expected.linearBank, 2e-6);
  });

  test("cosine transforms are scipy's", () => {
    expectClose(F.createDct(13, 23, "ortho").t(), torch.tensor(expected["dct.ortho"]).t().tolist(), 1e-6);
    expectClose(F.createDct(5, 8, null), expected["dct.null"], 1e-6);
  });

  test("errors name what is wrong", () => {
    expect(() => (F.melscaleFbanks as any)(10, 0, 4000, 5, 8000, "area")).toThrow(
      /norm must be one of null or "slaney"/,
    );
    expect(() => (F.melscaleFbanks as any)(10, 0, 4000, 5, 8000, null, "mel")).toThrow(
      /melScale must be one of "htk", "slaney"/,
    );
    expect(() => (F.createDct as any)(3, 4, "orthogonal")).toThrow(/norm must be one of null or "ortho"/);
  });
});

describe("decibels", () => {
  const power = F.spectrogram(signal, 0, hann, 64, 32, 64, 2, false);
  test("are cut off below the top of each clip", () => {
    expectClose(F.amplitudeToDB(power, 10, 1e-10, 0, 30), expected.db, 1e-5);
    const batch = torch.stack([power, power.mul(100)]);
    const db = F.amplitudeToDB(batch, 10, 1e-10, 0, { topDb: 30 });
    expectClose(db.at(1).sub(db.at(0)), torch.full(power.shape, 20).tolist(), 1e-4);
  });

  test("lead back to powers and amplitudes", () => {
    expectClose(F.DBToAmplitude(F.amplitudeToDB(power.add(1e-3), 10, 1e-10, 0), 1, 1), power.add(1e-3).tolist(), 1e-5);
    expectClose(F.DBToAmplitude(torch.tensor([0, 20, -20]), 2, 0.5), [2, 20, 0.2], 1e-6);
  });

  test("have gradients", () => {
    const x = torch.rand([2, 3, 4], { dtype: "float64" }).add(0.1).requiresGrad_();
    expect(gradcheck((p: torch.Tensor) => F.amplitudeToDB(p, 10, 1e-10, 0, { topDb: 4 }), [x])).toBe(true);
    expect(gradcheck((p: torch.Tensor) => F.DBToAmplitude(p, 2, 0.5), [x])).toBe(true);
  });
});

test("mu-law levels are PyTorch's, and lead back to samples", () => {
  const levels = F.muLawEncoding(signal, 256);
  expect([levels.dtype, levels.tolist()]).toEqual(["int64", expected.mu]);
  expectClose(F.muLawDecoding(levels, 256), signal.tolist(), 0.03);
  expectClose(F.muLawDecoding(torch.tensor([0, 128, 255], { dtype: "int64" }), 256), [-1, 8.621e-5, 1], 1e-5);
  expect(() => F.muLawEncoding(levels, 256)).toThrow(/muLawEncoding: x must be of floats/);
});

describe("resample", () => {
  test("gives torchaudio's samples", () => {
    for (const [orig, next, { width, rolloff, kaiser, beta }, values] of expected.resample) {
      const options = {
        ...(width && { lowpassFilterWidth: width }),
        ...(rolloff && { rolloff }),
        ...(beta && { beta }),
        resamplingMethod: kaiser ? ("sinc_interp_kaiser" as const) : ("sinc_interp_hann" as const),
      };
      expectClose(F.resample(signal.narrow(1, 0, 200), orig, next, options), values, 2e-6);
      const layer = new audio.transforms.Resample(orig, next, options);
      expectClose(layer(signal.narrow(1, 0, 200)), values, 2e-6);
    }
  });

  test("keeps a tone", () => {
    const tone = (rate: number, count: number) =>
      torch
        .arange(count)
        .mul((2 * Math.PI * 300) / rate)
        .sin();
    const there = F.resample(tone(8000, 800), 8000, 12000, { lowpassFilterWidth: 32 });
    expectClose(there.narrow(0, 200, 800), tone(12000, 1200).narrow(0, 200, 800).tolist(), 2e-3);
  });

  test("has gradients, and keeps axes", () => {
    const x = torch.randn([2, 11], { dtype: "float64", requiresGrad: true });
    expect(gradcheck((w: torch.Tensor) => F.resample(w, 3, 2), [x])).toBe(true);
    expect(F.resample(torch.randn(2, 3, 10), 10, 15).shape).toEqual([2, 3, 15]);
    expect(F.resample(signal, 8000, 8000)).toBe(signal);
  });

  test("errors name what is wrong", () => {
    expect(() => F.resample(signal, 8000.5, 1000)).toThrow(/must be of integer type/);
    expect(() => F.resample(signal, 0, 1000)).toThrow(/should be positive/);
    expect(() => F.resample(signal, 2, 3, { lowpassFilterWidth: 0 })).toThrow(
      /low pass filter width should be positive/,
    );
    expect(() => F.resample(signal, 44101, 48000)).toThrow(/choose rates with a common divisor/);
    expect(() => (F.resample as any)(signal, 2, 3, { resamplingMethod: "linear" })).toThrow(
      /resamplingMethod must be one of/,
    );
    expect(() => F.resample(signal.long(), 2, 3)).toThrow(/waveform must be of floats/);
  });
});

test("deltas are slopes", () => {
  const x = torch.tensor(expected["deltas.input"]);
  expectClose(F.computeDeltas(x, 7), expected.deltas, 2e-6);
  const y = torch.randn([3, 8], { dtype: "float64", requiresGrad: true });
  expect(gradcheck((s: torch.Tensor) => F.computeDeltas(s), [y])).toBe(true);
  expect(() => F.computeDeltas(x, 2)).toThrow(/window length should be greater than or equal to 3/);
});

describe("masks", () => {
  test("are those of PyTorch's random numbers", () => {
    torch.manualSeed(7);
    for (const [param, axis, values] of expected.masks) {
      const x = torch.ones([...torch.tensor(values).shape]);
      const mask = x.ndim === 4 ? F.maskAlongAxisIid : F.maskAlongAxis;
      expect(
        mask(x, param, 0, x.ndim + axis)
          .int()
          .tolist(),
      ).toEqual(values);
    }
  });

  test("cover a share of the axis at most", () => {
    for (let i = 0; i < 20; i++) {
      const masked = F.maskAlongAxis(torch.ones(4, 10), 100, 0, 1, { p: 0.3 });
      expect(masked.at(0).eq(0).sum().item()).toBeLessThan(4);
    }
    const x = torch.ones(4, 10);
    expect(F.maskAlongAxis(x, 0, 0, 1)).toBe(x);
    expect(() => F.maskAlongAxis(x.unsqueeze(0), 3, 0, 0)).toThrow(/only frequency and time masking are supported/);
    expect(() => F.maskAlongAxis(x, 3, 0, 1, { p: 1.5 })).toThrow(/must be between 0.0 and 1.0/);
  });
});

test("editDistance counts steps", () => {
  expect(F.editDistance("kitten", "sitting")).toBe(3);
  expect(F.editDistance(["a", "b"], [])).toBe(2);
  expect(F.editDistance("", "")).toBe(0);
  expect(() => (F.editDistance as any)("a", 3)).toThrow(/seq2 must be a string or an array, got 3/);
});

test("gain is in decibels", () => {
  expectClose(F.gain(torch.tensor([1, -0.5]), 20), [10, -5]);
  expect(F.gain(signal, 0)).toBe(signal);
});
