/** Bessel and Airy functions. As in PyTorch they have no derivatives, and are functions of `torch.special` only. */
import { type Unary, unary } from "../builders/define";

/** Bessel function of the first kind, order 0. Shape: any. @see torch.special.bessel_j0 */
export const besselJ0: Unary = unary("besselJ0", { dtypes: "float", domain: [-4, 4] });

/** Bessel function of the first kind, order 1. Shape: any. @see torch.special.bessel_j1 */
export const besselJ1: Unary = unary("besselJ1", { dtypes: "float", domain: [-4, 4] });

/** Bessel function of the second kind, order 0; NaN below 0. Shape: any. @see torch.special.bessel_y0 */
export const besselY0: Unary = unary("besselY0", { dtypes: "float", domain: [0.5, 4] });

/** Bessel function of the second kind, order 1; NaN below 0. Shape: any. @see torch.special.bessel_y1 */
export const besselY1: Unary = unary("besselY1", { dtypes: "float", domain: [0.5, 4] });

/** Modified Bessel function of the first kind, order 0; {@link i0} is the same with a derivative. Shape: any. @see torch.special.modified_bessel_i0 */
export const modifiedBesselI0: Unary = unary("modifiedBesselI0", { dtypes: "float", domain: [-4, 4], kernel: "i0" });

/** Modified Bessel function of the first kind, order 1; {@link i1} is the same with a derivative. Shape: any. @see torch.special.modified_bessel_i1 */
export const modifiedBesselI1: Unary = unary("modifiedBesselI1", { dtypes: "float", domain: [-4, 4], kernel: "i1" });

/** Modified Bessel function of the second kind, order 0; ∞ at 0, NaN below. Shape: any. @see torch.special.modified_bessel_k0 */
export const modifiedBesselK0: Unary = unary("modifiedBesselK0", {
  dtypes: "float",
  domain: [0.5, 4],
  kernel: "besselK0",
});

/** Modified Bessel function of the second kind, order 1; ∞ at 0, NaN below. Shape: any. @see torch.special.modified_bessel_k1 */
export const modifiedBesselK1: Unary = unary("modifiedBesselK1", {
  dtypes: "float",
  domain: [0.5, 4],
  kernel: "besselK1",
});

/** eˣ · {@link modifiedBesselK0}, which does not underflow. Shape: any. @see torch.special.scaled_modified_bessel_k0 */
export const scaledModifiedBesselK0: Unary = unary("scaledModifiedBesselK0", {
  dtypes: "float",
  domain: [0.5, 4],
  kernel: "besselK0e",
});

/** eˣ · {@link modifiedBesselK1}, which does not underflow. Shape: any. @see torch.special.scaled_modified_bessel_k1 */
export const scaledModifiedBesselK1: Unary = unary("scaledModifiedBesselK1", {
  dtypes: "float",
  domain: [0.5, 4],
  kernel: "besselK1e",
});

/** Spherical Bessel function of the first kind, order 0: sin x / x, and 1 at 0. Shape: any. @see torch.special.spherical_bessel_j0 */
export const sphericalBesselJ0: Unary = unary("sphericalBesselJ0", { dtypes: "float", domain: [-4, 4] });

/** The Airy function Ai. Shape: any. @see torch.special.airy_ai */
export const airyAi: Unary = unary("airyAi", { dtypes: "float", domain: [-4, 4] });
