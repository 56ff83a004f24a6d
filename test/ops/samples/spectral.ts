/** Fourier transforms, masked reductions, and reductions of segments. */
import { frozen, ints, mask, positive, type Samples, t } from "../spec";

const lengths = ints([2, 0, 3]);
const some = mask([
  [1, 0, 1],
  [1, 1, 1],
]);

/** The arguments between the input and the options, by name; one set for most. */
const reductions = "sum prod mean amax amin argmax argmin median logsumexp std var";
const normalizations = "cumsum cumprod softmax softmin";
const transforms = ["irfft", "irfft2", "irfftn", "hfft", "hfft2", "hfftn"];

const masked: Samples = {
  ...Object.fromEntries(
    reductions
      .split(" ")
      .map((name) => [name, [[positive(2, 3), 1, ...(/std|var/.test(name) ? [false] : []), { mask: some }]]]),
  ),
  ...Object.fromEntries(
    normalizations.split(" ").map((name) => [
      name,
      [
        [positive(2, 3), 1, { mask: mask([1, 0, 1]) }],
        [t(2, 3), 0],
      ],
    ]),
  ),
  norm: [[positive(2, 3), 3, 1, { mask: some, keepdim: true }], [t(2, 3)]],
  normalize: [[positive(2, 3), 2, 1, { mask: some }]],
  // What is masked out is infinite here, where differences say nothing.
  logSoftmax: [[t(2, 3), 1, { mask: mask([1, 1, 1]) }]],
  logaddexp: [[t(2, 3), t(2, 3), { otherMask: mask([1, 1, 1]) }]],
};

export const spectral: Samples = {
  ...Object.fromEntries(transforms.map((name) => [`fft.${name}`, [[t(3, 5)], [t(2, 3, 4)]]])),
  // The second is longer than what is transformed by one product.
  "fft.irfft": [[t(3, 5), 7, 0, { norm: "ortho" }], [t(40)]],
  "fft.fftshift": [[t(3, 4)], [t(3, 4), 1]],
  "fft.ifftshift": [[t(3, 4)], [t(3, 4), 1]],
  "fft.fftfreq": [[5], [4, { d: 0.5 }]],
  "fft.rfftfreq": [[5], [4]],
  stft: [
    [t(20), 8],
    [t(2, 12), 4, { hopLength: 3, winLength: 2, center: false, normalized: true, onesided: false }],
  ],
  istft: [
    [t(5, 4, 2), 8],
    [t(2, 3, 5, 2), 4, { window: frozen(positive(4)), length: 3 }],
  ],
  segmentReduce: [
    [t(5, 2), "sum", { lengths }],
    [positive(5, 2), "prod", { lengths, initial: 2 }],
    [t(5), "max", { offsets: ints([0, 2, 4, 5]) }],
    [t(1, 5), "mean", { lengths: ints([[2, 1, 2]]), axis: 1 }],
  ],
  ...Object.fromEntries(Object.entries(masked).map(([name, samples]) => [`masked.${name}`, samples])),
};
