/** How values between pixels are found. */
import { checkChoice } from "../../../core/arguments";

/** How values between pixels are found. Tensors take `"nearest"`, `"bilinear"` and, when resized, `"bicubic"`; Images all when resized. */
export type InterpolationMode = "nearest" | "bilinear" | "bicubic" | "box" | "hamming" | "lanczos";

/**
 * The modes by name: `InterpolationMode.BILINEAR` is `"bilinear"`, and either may be given. It stands after the type of its name, since the last one is
 * what bundled declarations keep.
 * @see torchvision.transforms.InterpolationMode
 */
export const InterpolationMode = {
  NEAREST: "nearest",
  BILINEAR: "bilinear",
  BICUBIC: "bicubic",
  BOX: "box",
  HAMMING: "hamming",
  LANCZOS: "lanczos",
} as const satisfies Record<string, InterpolationMode>;

const modes = Object.values(InterpolationMode);

/** @throws ArgumentError unless it is one of the modes. */
export const checkInterpolation = (op: string, mode: unknown): InterpolationMode =>
  checkChoice(op, "interpolation", mode, modes);
