/** What transforms of colors refuse, in torchvision's words. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { imageOf } from "./samples";

const { transforms, Image } = torch.vision;
const { functional: F } = transforms;
const { ArgumentError, IndexError, ShapeError, ValueError } = torch;

type Thrown = new (...args: never[]) => Error;
const bytes = torch.zeros(3, 4, 5, { dtype: "uint8" });
const four = torch.zeros(4, 4, 5);
const image = imageOf(0, "RGB");
const any = (value: unknown): never => value as never;

const functions: [Thrown, string, () => unknown][] = [
  [ValueError, "adjustBrightness: brightnessFactor (-1) is not non-negative.", () => F.adjustBrightness(image, -1)],
  [ValueError, "adjustContrast: contrastFactor (NaN) is not non-negative.", () => F.adjustContrast(bytes, Number.NaN)],
  [
    ArgumentError,
    "adjustSaturation: saturationFactor must be a number, got",
    () => F.adjustSaturation(image, any("1")),
  ],
  [ValueError, "adjustHue: hueFactor (0.6) is not in [-0.5, 0.5].", () => F.adjustHue(bytes, 0.6)],
  [ValueError, "adjustSharpness: sharpnessFactor (-2) is not", () => F.adjustSharpness(bytes, -2)],
  [ValueError, "adjustGamma: Gamma should be a non-negative real number", () => F.adjustGamma(image, -1)],
  [ArgumentError, "adjustGamma: img should be an Image or a Tensor, got 3", () => F.adjustGamma(any(3), 1)],
  [
    ArgumentError,
    "adjustHue: Input image tensor permitted channel values are [1, 3], but found 4",
    () => F.adjustHue(four, 0),
  ],
  [
    ArgumentError,
    "invert: Input image tensor should have at least 3 dimensions, but found 2",
    () => F.invert(torch.zeros(2, 2)),
  ],
  [ArgumentError, "adjustBrightness: Tensor is not a torch image", () => F.adjustBrightness(torch.zeros(3), 1)],
  [
    ValueError,
    "adjustBrightness: image has wrong mode: P; turn it into RGB",
    () => F.adjustBrightness(imageOf(0, "P"), 2),
  ],
  [ValueError, "rgbToGrayscale: numOutputChannels should be either 1 or 3, got 2", () => F.rgbToGrayscale(image, 2)],
  [
    ArgumentError,
    "toGrayscale: Input should be an Image; of a tensor use rgbToGrayscale",
    () => F.toGrayscale(any(bytes)),
  ],
  [ValueError, "posterize: The number of bits should be between 0 and 8. Got 9", () => F.posterize(bytes, 9)],
  [ArgumentError, "posterize: bits must be an integer, got 1.5", () => F.posterize(image, 1.5)],
  [
    ArgumentError,
    "posterize: Only torch.uint8 image tensors are supported, but found float32",
    () => F.posterize(torch.zeros(3, 2, 2), 2),
  ],
  [
    ArgumentError,
    "solarize: Threshold should be less than bound of img: 1, got 2",
    () => F.solarize(torch.zeros(3, 2, 2), 2),
  ],
  [
    ArgumentError,
    "equalize: Input image tensor should have 3 or 4 dimensions, but found 5",
    () => F.equalize(bytes.unsqueeze(0).unsqueeze(0)),
  ],
  [ArgumentError, "equalize: Only torch.uint8", () => F.equalize(torch.zeros(3, 2, 2))],
  [ValueError, "solarize: pictures with a palette (mode P) are not supported", () => F.solarize(imageOf(0, "P"), 2)],
  [ValueError, "autocontrast: not supported for this image mode: LA", () => F.autocontrast(imageOf(0, "LA"))],
  [
    ArgumentError,
    'gaussianBlur: kernelSize should be int or a sequence of integers. Got "3"',
    () => F.gaussianBlur(image, any("3")),
  ],
  [
    ValueError,
    "gaussianBlur: If kernelSize is a sequence its length should be 2. Got 3",
    () => F.gaussianBlur(image, [3, 3, 3]),
  ],
  [
    ValueError,
    "gaussianBlur: kernelSize should have odd and positive integers. Got [3, 2]",
    () => F.gaussianBlur(image, [3, 2]),
  ],
  [
    ArgumentError,
    'gaussianBlur: sigma should be either float or sequence of floats. Got "1"',
    () => F.gaussianBlur(image, 3, any("1")),
  ],
  [
    ValueError,
    "gaussianBlur: If sigma is a sequence, its length should be 2. Got 3",
    () => F.gaussianBlur(image, 3, [1, 1, 1]),
  ],
  [ValueError, "gaussianBlur: sigma should have positive values. Got [0, 0]", () => F.gaussianBlur(image, 3, 0)],
  [
    ShapeError,
    "gaussianBlur: padding size should be less than the corresponding input dimension",
    () => F.gaussianBlur(bytes, 11),
  ],
  [
    ArgumentError,
    "erase: img should be Tensor Image. Got a Image; use toTensor",
    () => F.erase(any(image), 0, 0, 1, 1, bytes),
  ],
  [ArgumentError, "erase: v must be a Tensor, got 0", () => F.erase(bytes, 0, 0, 1, 1, any(0))],
  [ShapeError, "erase: ", () => F.erase(bytes, 0, 0, 2, 2, torch.zeros(3, 5, 5))],
];

const classes: [Thrown, string, () => unknown][] = [
  [
    ValueError,
    "ColorJitter: If brightness is a single number, it must be non negative, got -1",
    () => new transforms.ColorJitter(-1),
  ],
  [
    ValueError,
    "ColorJitter: contrast values should be between (0, inf), got (2, 1)",
    () => new transforms.ColorJitter({ contrast: [2, 1] }),
  ],
  [
    ValueError,
    "ColorJitter: hue values should be between (-0.5, 0.5), got (-0.6, 0.6)",
    () => new transforms.ColorJitter({ hue: 0.6 }),
  ],
  [
    ArgumentError,
    "ColorJitter: saturation should be a single number or a list/tuple with length 2",
    () => new transforms.ColorJitter({ saturation: any("1") }),
  ],
  [
    ValueError,
    "GaussianBlur: Kernel size should be a tuple/list of two integers",
    () => new transforms.GaussianBlur([1, 1, 1]),
  ],
  [
    ValueError,
    "GaussianBlur: Kernel size value should be an odd and positive number",
    () => new transforms.GaussianBlur(4),
  ],
  [
    ValueError,
    "GaussianBlur: If sigma is a single number, it must be positive",
    () => new transforms.GaussianBlur(3, 0),
  ],
  [
    ValueError,
    "GaussianBlur: sigma values should be positive and of the form (min, max)",
    () => new transforms.GaussianBlur(3, [2, 1]),
  ],
  [
    ValueError,
    "GaussianBlur: sigma should be a single number or a list/tuple with length 2",
    () => new transforms.GaussianBlur(3, any([1])),
  ],
  [
    ValueError,
    "RandomErasing: If value is str, it should be 'random'",
    () => new transforms.RandomErasing({ value: any("x") }),
  ],
  [
    ArgumentError,
    "RandomErasing: Argument value should be either a number or str or a sequence",
    () => new transforms.RandomErasing({ value: any({}) }),
  ],
  [ArgumentError, "RandomErasing: scale should be a sequence", () => new transforms.RandomErasing({ scale: any(1) })],
  [ValueError, "RandomErasing: Scale should be between 0 and 1", () => new transforms.RandomErasing({ scale: [0, 2] })],
  [
    ValueError,
    "RandomErasing: Random erasing probability should be between 0 and 1",
    () => new transforms.RandomErasing(2),
  ],
  [ArgumentError, "RandomErasing: img should be Tensor Image", () => new transforms.RandomErasing(1)(any(image))],
  [
    ValueError,
    "RandomErasing: If value is a sequence, it should have either a single value or 3",
    () => new transforms.RandomErasing({ p: 1, value: [1, 2] })(bytes),
  ],
  [ValueError, "RandomInvert: p must be a probability", () => new transforms.RandomInvert(2)],
  [ArgumentError, "RandomPosterize: missing argument bits", () => new (transforms.RandomPosterize as any)()],
  [ArgumentError, "RandomSolarize: ", () => new transforms.RandomSolarize(300, 1)(bytes)],
  [ValueError, "AutoAugment: The provided policy x is not recognized", () => new transforms.AutoAugment(any("x"))],
  [IndexError, "RandAugment: magnitude 31 is out of bounds", () => new transforms.RandAugment(2, 31)],
  [
    ValueError,
    "TrivialAugmentWide: numMagnitudeBins must be an integer from 2",
    () => new transforms.TrivialAugmentWide(1),
  ],
  [ValueError, "AugMix: The severity must be between [1, 10]. Got 11 instead.", () => new transforms.AugMix(11)],
  [
    ArgumentError,
    'AugMix: interpolation must be one of "nearest"',
    () => new transforms.AugMix({ interpolation: any("x") }),
  ],
  [
    ArgumentError,
    "ColorJitter: img should be an Image or a Tensor, got null",
    () => new transforms.ColorJitter(1)(any(null)),
  ],
];

describe.each([
  ["functions", functions],
  ["classes", classes],
])("%s refuse", (_, cases) => {
  test.each(cases)("%o: %s", (kind, message, call) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});

test("a range that is the wrong way round is a warning for RandomErasing", () => {
  const { warn } = console;
  const said: unknown[] = [];
  console.warn = (text: unknown) => said.push(text);
  try {
    new transforms.RandomErasing({ ratio: [3, 0.3] });
  } finally {
    console.warn = warn;
  }
  expect(said).toEqual(["RandomErasing: Scale and ratio should be of kind (min, max)"]);
});

test("erase cuts its rectangle at the border and changes the tensor only if it is told to", () => {
  const x = torch.zeros(1, 3, 4);
  const erased = F.erase(x, 1, 2, 9, 9, torch.ones(1, 1, 1));
  expect(erased.sum().item()).toBe(4);
  expect(x.sum().item()).toBe(0);
  expect(F.erase(x, -1, 0, 1, 4, torch.ones(1, 1, 1), true)).toBe(x);
  expect(x.sum().item()).toBe(0);
});

test("gradients flow through blends, filters and hues", () => {
  const x = torch.rand(3, 5, 6, { requiresGrad: true });
  const y = F.gaussianBlur(F.adjustSharpness(F.adjustHue(F.adjustContrast(x, 0.9), 0.2), 0.5), 3);
  y.sum().backward();
  expect(x.grad!.isfinite().all().item()).toBe(true);
  expect(x.grad!.abs().sum().item()).toBeGreaterThan(0);
});

test("pictures without pixels stay as they are", () => {
  const none = new Image("RGB", 0, 0, new Uint8Array(0));
  expect(F.equalize(F.invert(F.adjustSharpness(none, 2))).size).toEqual([0, 0]);
  expect(F.equalize(torch.zeros(3, 0, 0, { dtype: "uint8" })).shape).toEqual([3, 0, 0]);
});
