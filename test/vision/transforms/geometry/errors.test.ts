/** What transforms of geometry refuse, with errors that say what is wanted. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { imageOf, tensorOf } from "./samples";

const { transforms } = torch.vision;
const F = transforms.functional;
const image = imageOf(0, "RGB");
const x = tensorOf(0, "float");
const any = (value: unknown): any => value;

const { ArgumentError, ValueError, ShapeError, DTypeError, IndexError } = torch;

const calls: [what: string, call: () => unknown, type: new (...args: any[]) => Error, message: RegExp][] = [
  ["no picture", () => F.hflip(any(3)), ArgumentError, /^hflip: img should be an Image or a Tensor, got 3/],
  ["no picture", () => F.getDimensions(any([1])), ArgumentError, /^getDimensions: img should be/],
  ["a vector", () => F.vflip(torch.ones(3)), ArgumentError, /^vflip: Tensor is not a torch image/],
  ["an unknown mode", () => F.resize(image, 5, any("cubic")), ArgumentError, /^resize: interpolation must be one of/],
  ["three sizes", () => F.resize(image, [1, 2, 3]), ValueError, /^resize: Size must be an int or a 1 or 2 element/],
  ["a size of 0", () => F.resize(x, 0), ValueError, /^resize: size must be an integer/],
  ["half a pixel", () => F.resize(image, 5.5), ArgumentError, /^resize: size must be an integer/],
  [
    "maxSize with two sizes",
    () => F.resize(image, [4, 5], { maxSize: 9 }),
    ValueError,
    /^resize: maxSize should only be passed if size specifies the length of the smaller edge/,
  ],
  [
    "a small maxSize",
    () => F.resize(x, 8, { maxSize: 8 }),
    ValueError,
    /^resize: maxSize = 8 must be strictly greater than the requested size for the smaller edge size = 8/,
  ],
  [
    "antialias where there is none",
    () => F.resize(x, 5, { interpolation: "nearest", antialias: true }),
    ValueError,
    /^resize: Antialias option is supported for bilinear and bicubic interpolation modes only/,
  ],
  ["lanczos of tensors", () => F.resize(x, 5, "lanczos"), ValueError, /^resize: interpolation "lanczos" is for Images/],
  ["a huge picture", () => F.resize(image, [1e5, 1e5]), ValueError, /^resize: 100000×100000 pixels are more than/],
  ["a huge window", () => F.crop(image, 0, 0, 2 ** 30, 2 ** 30), ValueError, /^crop: .* pixels are more than/],
  ["a negative window", () => F.crop(image, 0, 0, -1, 3), ValueError, /^crop: height must be an integer/],
  ["a missing argument", () => any(F.crop)(image, 0, 0, 4), ArgumentError, /^crop: missing argument width/],
  ["a crop of three sizes", () => F.centerCrop(x, [1, 2, 3]), ValueError, /^centerCrop: Please provide only two dim/],
  [
    "five crops of too little",
    () => F.fiveCrop(image, 14),
    ValueError,
    /^fiveCrop: Requested crop size \(14, 14\) is bigger than input size \(13, 16\)/,
  ],
  ["ten crops of too little", () => F.tenCrop(x, [3, 17]), ValueError, /^tenCrop: Requested crop size/],
  ["three paddings", () => F.pad(image, [1, 2, 3]), ValueError, /^pad: Padding must be an int or a 1, 2, or 4 element/],
  ["padding of a word", () => F.pad(image, any("2")), ArgumentError, /^pad: Got inappropriate padding arg/],
  [
    "an unknown border",
    () => F.pad(image, 2, { paddingMode: any("wrap") }),
    ValueError,
    /^pad: Padding mode should be either constant, edge, reflect or symmetric/,
  ],
  ["a border of a number", () => F.pad(x, 2, 0, any(3)), ArgumentError, /^pad: Got inappropriate paddingMode arg/],
  ["a fill of a word", () => F.pad(image, 2, { fill: any("red") }), ArgumentError, /^pad: fill should be either/],
  ["two fills of three", () => F.pad(image, 2, [1, 2]), ValueError, /^pad: The number of elements in 'fill' does not/],
  ["fills of a tensor", () => F.pad(x, 2, [1, 2, 3]), ArgumentError, /^pad: Got inappropriate fill arg/],
  ["a border that leaves nothing", () => F.pad(image, -7, 0, "edge"), ShapeError, /^pad: can't extend an empty pic/],
  ["a picture of negative size", () => F.pad(image, -9), ValueError, /^pad: Width and height must be >= 0/],
  ["a wide mirror", () => F.pad(x, 14, 0, "symmetric"), IndexError, /^pad: a symmetric border of 14 is wider than/],
  ["an angle of a word", () => F.rotate(image, any("30")), ArgumentError, /^rotate: angle must be a number/],
  ["no angle", () => F.rotate(x, Number.NaN), ValueError, /^rotate: angle must be finite/],
  [
    "a center of one number",
    () => F.rotate(image, 3, "nearest", false, [1]),
    ValueError,
    /^rotate: center should be a/,
  ],
  [
    "bicubic turns of tensors",
    () => F.rotate(x, 30, "bicubic"),
    ArgumentError,
    /^rotate: Interpolation mode 'bicubic'/,
  ],
  ["box turns", () => F.rotate(image, 30, "box"), ArgumentError, /^rotate: interpolation "box" cannot be used/],
  [
    "two fills of a turned tensor",
    () => F.rotate(x, 30, { fill: [1, 2] }),
    ArgumentError,
    /^rotate: The number of elements in 'fill' cannot broadcast to match .* \(2 != 3\)/,
  ],
  ["a move of three", () => F.affine(image, 0, [1, 2, 3], 1, 0), ValueError, /^affine: translate should be a sequence/],
  ["a move of one", () => F.affine(image, 0, any(3), 1, 0), ArgumentError, /^affine: translate should be a sequence/],
  ["a scale of 0", () => F.affine(x, 0, [0, 0], 0, 0), ValueError, /^affine: Argument scale should be positive/],
  [
    "three shears",
    () => F.affine(x, 0, [0, 0], 1, [1, 2, 3]),
    ValueError,
    /^affine: Shear should be a sequence contain/,
  ],
  ["a shear of a word", () => F.affine(x, 0, [0, 0], 1, any("1")), ArgumentError, /^affine: Shear should be either a/],
  ["three corners", () => F.perspective(x, [[0, 0]], [[0, 0]]), ValueError, /^perspective: startpoints must be four/],
  [
    "corners in one place",
    () => F.perspective(image, Array(4).fill([1, 1]), Array(4).fill([0, 0])),
    ValueError,
    /^perspective: The least squares solution could not be computed/,
  ],
  [
    "moves of numbers",
    () => F.elasticTransform(x, any([1])),
    ArgumentError,
    /^elasticTransform: Argument displacement/,
  ],
  [
    "moves of another picture",
    () => F.elasticTransform(x, torch.zeros(1, 13, 15, 2)),
    ShapeError,
    /^elasticTransform: Argument displacement shape should be \(1, 13, 16, 2\)/,
  ],
  ["an array", () => F.toTensor(any([1])), ArgumentError, /^toTensor: pic should be an Image or a Tensor/],
  ["a vector", () => F.toTensor(torch.ones(3)), ValueError, /^toTensor: pic should be 2\/3 dimensional. Got 1/],
  ["a tensor", () => F.pilToTensor(any(x)), ArgumentError, /^pilToTensor: pic should be an Image/],
  ["four axes", () => F.toPilImage(torch.ones(1, 3, 2, 2)), ValueError, /^toPilImage: pic should be 2\/3 dim.* Got 4/],
  [
    "five channels",
    () => F.toPilImage(torch.ones(5, 2, 2)),
    ValueError,
    /^toPilImage: pic should not have > 4 channels/,
  ],
  [
    "another mode",
    () => F.toPilImage(x, "L"),
    ValueError,
    /^toPilImage: Only modes \['RGB'\] are supported for inputs/,
  ],
  ["a mode of floats", () => F.toPilImage(torch.ones(1, 2, 2), "I"), ValueError, /^toPilImage: Incorrect mode \(I\)/],
  [
    "int64",
    () => F.toPilImage(torch.ones(2, 2, { dtype: "int64" })),
    DTypeError,
    /^toPilImage: Input type int64 is not supported/,
  ],
  ["float32 as int32", () => F.convertImageDtype(x, "int32"), DTypeError, /cannot be performed safely/],
  ["float64 as int64", () => F.convertImageDtype(x.double(), "int64"), DTypeError, /cannot be performed safely/],
  ["an unknown dtype", () => F.convertImageDtype(x, any("int")), DTypeError, /^convertImageDtype: /],
  ["bytes", () => F.normalize(tensorOf(0, "byte"), [0], [1]), DTypeError, /^normalize: Input tensor should be a float/],
  ["no channels", () => F.normalize(torch.ones(2, 2), [0], [1]), ShapeError, /^normalize: Expected tensor to be a ten/],
  ["a std of 0", () => F.normalize(x, [0], [0]), ValueError, /^normalize: std evaluated to zero after conversion to/],
  ["a std of 1e-60", () => F.normalize(x, [0], [1e-60]), ValueError, /^normalize: std evaluated to zero after conver/],
  ["two means of three", () => F.normalize(x, [0, 1], [1, 1]), ShapeError, /^normalize: /],
  [
    "a mean of words",
    () => F.normalize(x, any(["a"]), [1]),
    ArgumentError,
    /^normalize: mean must be a number for each/,
  ],
];

describe("functions", () => {
  test.each(calls)("refuse %s", (_, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});

const classes: [what: string, call: () => unknown, message: RegExp][] = [
  ["Compose of a number", () => new transforms.Compose([any(3)]), /^Compose: transforms\[0\] must be a function/],
  ["Compose of a class", () => new transforms.Compose([any(transforms.ToTensor)]), /pass \(…\) => new ToTensor/],
  ["Lambda of a number", () => new transforms.Lambda(any(3)), /^Lambda: lambd must be a function, got 3/],
  ["RandomApply without a list", () => new transforms.RandomApply(any(3)), /^RandomApply: transforms must be an array/],
  ["a chance of 2", () => new transforms.RandomHorizontalFlip(2), /^RandomHorizontalFlip: p must be a probability/],
  ["no choice", () => new transforms.RandomChoice([]), /^RandomChoice: there are no transforms/],
  [
    "weights of none",
    () => new transforms.RandomChoice([(i) => i], any(3)),
    /^RandomChoice: Argument p should be a seq/,
  ],
  ["too few weights", () => new transforms.RandomChoice([(i) => i], []), /^RandomChoice: p should be a sequence of l/],
  ["weights of 0", () => new transforms.RandomChoice([(i) => i], [0]), /^RandomChoice: p must be weights/],
  ["Resize without a size", () => new (any(transforms.Resize))(), /^Resize: missing argument size/],
  ["CenterCrop of a word", () => new transforms.CenterCrop(any("2")), /^CenterCrop: size must be an array of integers/],
  ["Pad of three", () => new transforms.Pad([1, 2, 3]), /^Pad: Padding must be an int or a 1, 2, or 4 element/],
  [
    "RandomCrop of three",
    () => new transforms.RandomCrop([1, 2, 3]),
    /^RandomCrop: Please provide only two dimensions/,
  ],
  [
    "a crop larger than the picture",
    () => new transforms.RandomCrop(20)(image),
    /^RandomCrop: Required crop size \(20, 20\) is larger than input image size \(13, 16\)/,
  ],
  ["a scale of one", () => new transforms.RandomResizedCrop(4, any(0.5)), /^RandomResizedCrop: scale should be a seq/],
  ["a scale upside down", () => new transforms.RandomResizedCrop(4, [1, 0.5]), /of kind \(min, max\)/],
  [
    "negative degrees",
    () => new transforms.RandomRotation(-3),
    /^RandomRotation: If degrees is a single number, it must/,
  ],
  [
    "three degrees",
    () => new transforms.RandomRotation([1, 2, 3]),
    /^RandomRotation: degrees should be a sequence of le/,
  ],
  [
    "a move beyond the picture",
    () => new transforms.RandomAffine(3, [2, 0]),
    /translation values should be between 0 and 1/,
  ],
  [
    "a scale of 0",
    () => new transforms.RandomAffine(3, null, [0, 1]),
    /^RandomAffine: scale values should be positive/,
  ],
  [
    "three shears",
    () => new transforms.RandomAffine(3, { shear: [1, 2, 3] }),
    /shear should be a sequence of length 2 or 4/,
  ],
  [
    "a distortion of 2",
    () => new transforms.RandomPerspective(2),
    /^RandomPerspective: distortionScale must be from 0/,
  ],
  [
    "three alphas",
    () => new transforms.ElasticTransform([1, 2, 3]),
    /^ElasticTransform: alpha should be a sequence of/,
  ],
  [
    "a rectangular matrix",
    () => new transforms.LinearTransformation(torch.ones(2, 3), torch.ones(2)),
    /^LinearTransformation: transformationMatrix should be square. Got \[2, 3\] rectangular matrix/,
  ],
  [
    "a mean of another length",
    () => new transforms.LinearTransformation(torch.ones(3, 3), torch.ones(2)),
    /^LinearTransformation: meanVector should have the same length 2 as any one of the dimensions/,
  ],
  [
    "a picture of another size",
    () => new transforms.LinearTransformation(torch.ones(3, 3), torch.ones(3))(x),
    /^LinearTransformation: Input tensor and transformation matrix have incompatible shape. \[3 x 13 x 16\] != 3/,
  ],
  ["an option that is not there", () => new transforms.Resize(3, any({ mode: 1 })), /^Resize: unknown argument "mode"/],
  ["two pictures", () => any(new transforms.CenterCrop(3))(image, image), /^CenterCrop: takes at most 1 argument/],
];

describe("classes", () => {
  test.each(classes)("refuse %s", (_, call, message) => {
    expect(call).toThrow(torch.KindlingError);
    expect(call).toThrow(message);
  });
});

test("errors of transforms inside others speak of themselves", () => {
  const composed = new transforms.Compose([new transforms.RandomCrop(20)]);
  expect(() => composed(image)).toThrow(/^RandomCrop: Required crop size/);
});
