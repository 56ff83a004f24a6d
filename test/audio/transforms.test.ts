/** Transforms of audio: they are their functions with torchaudio's defaults, and print and save as torchaudio's. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";
import { expected } from "./expected";

const { audio } = torch;
const T = audio.transforms;
const signal = torch.tensor(expected.signal);
const frames = { nFft: 64, winLength: 64, hopLength: 32 };

describe("from signals to coefficients", () => {
  test("MelSpectrogram", () => {
    const mel = new T.MelSpectrogram({ sampleRate: 8000, ...frames, nMels: 20 });
    expectClose(mel(signal), expected.mel, 1e-5);
    expect(Object.keys(mel.stateDict())).toEqual(["spectrogram.window", "mel_scale.fb"]);
    expect(String(mel)).toBe("MelSpectrogram(\n  (spectrogram): Spectrogram()\n  (mel_scale): MelScale()\n)");
  });

  test("MFCC", () => {
    const melkwargs = { ...frames, nMels: 20 };
    const mfcc = new T.MFCC({ sampleRate: 8000, nMfcc: 13, melkwargs });
    expectClose(mfcc(signal), expected.mfcc, 5e-5);
    expectClose(new T.MFCC(8000, 13, 2, "ortho", true, { melkwargs })(signal), expected["mfcc.log"], 5e-5);
    expect(Object.keys(mfcc.stateDict()).sort()).toEqual([
      "MelSpectrogram.mel_scale.fb",
      "MelSpectrogram.spectrogram.window",
      "dct_mat",
    ]);
    expect(() => new T.MFCC({ nMfcc: 30, melkwargs })).toThrow(/Cannot select more MFCC coefficients than # mel bins/);
    expect(() => new T.MFCC({ dctType: 3 })).toThrow(/DCT type not supported: 3/);
    expect(new T.MFCC()(torch.randn(3000)).shape).toEqual([40, 16]);
  });

  test("LFCC", () => {
    const lfcc = new T.LFCC({ sampleRate: 8000, nFilter: 15, nLfcc: 6, speckwargs: frames });
    expectClose(lfcc(signal), expected.lfcc, 5e-5);
    expect(Object.keys(lfcc.stateDict()).sort()).toEqual(["Spectrogram.window", "dct_mat", "filter_mat"]);
  });

  test("have gradients back to the signal", () => {
    const mfcc = new T.MFCC({ sampleRate: 8000, nMfcc: 5, melkwargs: { nFft: 32, nMels: 8 }, logMels: true }).double();
    const x = torch.randn([80], { dtype: "float64", requiresGrad: true });
    expect(torch.autograd.gradcheck((w: torch.Tensor) => mfcc(w), [x])).toBe(true);
  });
});

describe("Spectrogram", () => {
  test("has torchaudio's defaults", () => {
    const layer = new T.Spectrogram();
    expect([layer.nFft, layer.winLength, layer.hopLength, layer.power, layer.normalized]).toEqual([
      400,
      400,
      200,
      2,
      false,
    ]);
    expect(layer(signal).shape).toEqual([2, 201, 7]);
    expect([String(layer), Object.keys(layer.stateDict())]).toEqual(["Spectrogram()", ["window"]]);
    expect(new T.Spectrogram({ power: null })(signal).shape).toEqual([2, 201, 7, 2]);
  });

  test("takes windows with their options", () => {
    const kaiser = new T.Spectrogram({ nFft: 16, windowFn: torch.kaiserWindow, wkwargs: { beta: 5 } });
    expectClose(kaiser.window, torch.kaiserWindow(16, { beta: 5 }).tolist());
    expect(new T.Spectrogram(64, 32, 16, 0, torch.hammingWindow, 1, "window")(signal).shape).toEqual([2, 33, 76]);
  });

  test("errors name what is wrong", () => {
    const make = (given: object) => () => new (T.Spectrogram as any)(given);
    expect(make({ nFft: 0 })).toThrow(/Spectrogram: nFft must be an integer from 1/);
    expect(make({ nFft: 16, winLength: 17 })).toThrow(/winLength must be at most nFft = 16, got 17/);
    expect(make({ n_fft: 16 })).toThrow(/unknown argument "n_fft"; did you mean nFft/);
    expect(make({ power: -1 })).toThrow(/power must be above 0/);
    expect(make({ wkwargs: 3 })).toThrow(/wkwargs must be an object of options/);
    expect(make({ normalized: "hann" })).toThrow(/Spectrogram: normalized must be/);
    expect(() => new T.Spectrogram()(torch.zeros(2, 3).long())).toThrow(/waveform must be of floats/);
  });

  test("is undone by InverseSpectrogram, and its magnitudes by GriffinLim", () => {
    const z = new T.Spectrogram({ ...frames, hopLength: 16, power: null })(signal);
    expectClose(new T.InverseSpectrogram({ ...frames, hopLength: 16 })(z, 1200), expected.signal, 1e-5);
    const tone = torch.arange(1024).mul(0.3).sin();
    const power = new T.Spectrogram({ nFft: 64, hopLength: 16 })(tone);
    const back = new T.GriffinLim({ nFft: 64, hopLength: 16, nIter: 60, momentum: 0.5 })(power);
    const again = new T.Spectrogram({ nFft: 64, hopLength: 16 })(back);
    expect(again.sub(power).norm().div(power.norm()).item()).toBeLessThan(0.2);
  });
});

describe("mel scales", () => {
  test("lead back to a spectrogram with the same bands", () => {
    const power = new T.Spectrogram(frames)(signal);
    const mel = new T.MelScale({ nMels: 12, sampleRate: 8000, nStft: 33 })(power);
    const back = new T.InverseMelScale(33, 12, 8000)(mel);
    expect(back.shape).toEqual(power.shape);
    expect(back.ge(0).all().item()).toBe(true);
    const again = new T.MelScale({ nMels: 12, sampleRate: 8000, nStft: 33 })(back);
    expect(again.sub(mel).norm().div(mel.norm()).item()).toBeLessThan(0.2);
  });

  test("errors name what is wrong", () => {
    expect(() => new T.MelScale({ fMin: 9000 })).toThrow(/MelScale: Require fMin: 9000 <= fMax: 8000/);
    expect(() => new T.MelScale()(torch.rand(3, 5))).toThrow(/takes spectrograms of 201 frequencies.*got \[3, 5\]/);
  });
});

test("AmplitudeToDB takes powers or amplitudes", () => {
  expectClose(new T.AmplitudeToDB()(torch.tensor([1, 10, 0])), [0, 10, -100]);
  expectClose(new T.AmplitudeToDB("magnitude")(torch.tensor([1, 10, 0])), [0, 20, -200]);
  expectClose(new T.AmplitudeToDB("power", 80)(torch.tensor([[1, 1e-9]])), [[0, -80]]);
  expect(() => new T.AmplitudeToDB("power", -1)).toThrow(/topDb must be positive value/);
  expect(() => new (T.AmplitudeToDB as any)("db")).toThrow(/stype must be one of "power", "magnitude"/);
});

test("mu-law layers are each other's inverse on levels", () => {
  const levels = torch.arange(256);
  expect(new T.MuLawEncoding()(new T.MuLawDecoding()(levels)).tolist()).toEqual(levels.tolist());
  expect(new T.MuLawEncoding(16)(torch.tensor([-1, 1])).tolist()).toEqual([0, 15]);
});

test("Vol is a factor, a power or decibels, and cuts off", () => {
  const x = torch.tensor([0.1, -0.5]);
  expectClose(new T.Vol(3)(x), [0.3, -1]);
  expectClose(new T.Vol(4, "power")(x), [0.2, -1]);
  expectClose(new T.Vol({ gain: -20, gainType: "db" })(x), [0.01, -0.05]);
  expectClose(new T.Vol(0, "power")(x), [0, 0]);
  expect(() => new T.Vol(-1)).toThrow(/gain must be positive/);
});

test.each([
  ["linear", [0, 0.5, 1, 1, 1, 1], [1, 1, 1, 1, 0.5, 0]],
  ["exponential", [0, 0.353553, 1, 1, 1, 1], [1, 1, 1, 1, 0.353553, 0]],
  ["logarithmic", [0, 0.778151, 1, 1, 1, 1], [1, 1, 1, 1, 0.778151, 0]],
  ["quarter_sine", [0, Math.SQRT1_2, 1, 1, 1, 1], [1, 1, 1, 1, Math.SQRT1_2, 0]],
  ["half_sine", [0, 0.5, 1, 1, 1, 1], [1, 1, 1, 1, 0.5, 0]],
] as const)("Fade %s", (shape, rise, fall) => {
  expectClose(new T.Fade(3, 0, shape)(torch.ones(2, 6)), [rise, rise], 2e-6);
  expectClose(new T.Fade(0, 3, shape)(torch.ones(6)), fall, 2e-6);
  expect(() => new T.Fade(7)(torch.ones(6))).toThrow(/a fade of 7 samples is longer than the waveform/);
});

test("masks are drawn anew at every call", () => {
  torch.manualSeed(0);
  const x = torch.ones(2, 30, 40);
  const layers = [new T.FrequencyMasking(20), new T.TimeMasking(20, true, { p: 0.5 })];
  for (const layer of layers) {
    const counts = Array.from({ length: 8 }, () => layer(x, 0).sum().item());
    expect(new Set(counts).size).toBeGreaterThan(3);
  }
  expect(new T.FrequencyMasking(20)(x, 5).max().item()).toBe(5);
  const rows = new T.FrequencyMasking(20)(x).at(0).sum(1);
  expect(
    rows
      .unique()
      .tolist()
      .every((sum: number) => sum === 0 || sum === 40),
  ).toBe(true);
  expect(() => new (T.TimeMasking as any)(3, false, 2)).toThrow(/must be between 0.0 and 1.0/);
});

test("TimeStretch changes the number of frames, not the pitch", () => {
  const tone = torch
    .arange(4000)
    .mul((2 * Math.PI * 440) / 8000)
    .sin();
  const z = new T.Spectrogram({ nFft: 400, power: null })(tone);
  const slow = new T.TimeStretch({ nFreq: 201, hopLength: 200 })(z, 0.5);
  expect(slow.shape).toEqual([201, 2 * z.shape[1]!, 2]);
  expect(slow.square().sum(-1).mean(1).argmax().item()).toBe(22);
  expect(() => new T.TimeStretch()(z)).toThrow(/if no fixedRate is specified/);
});

test("ComputeDeltas and Resample keep their arguments", () => {
  expectClose(new T.ComputeDeltas({ winLength: 7 })(torch.tensor(expected["deltas.input"])), expected.deltas, 2e-6);
  const layer = new T.Resample({ origFreq: 8000, newFreq: 8000 });
  expect(layer(signal)).toBe(signal);
  expect(Object.keys(layer.stateDict())).toEqual([]);
  expect(Object.keys(new T.Resample(2, 3).stateDict())).toEqual(["kernel"]);
  expect(new T.Resample({ origFreq: 2, newFreq: 3, dtype: "float64" }).kernel.dtype).toBe("float64");
});
