/** Invertible functions. @see torch.distributions.transforms */
import { checkMethods } from "../base/arguments";
import * as elementwise from "../base/elementwise";
import * as shaped from "../base/shaped";

const classes = [...Object.values(elementwise), ...Object.values(shaped)].filter((value) => "prototype" in value);
checkMethods(classes as { prototype: object }[], { _call: "x", _inverse: "y" });

export {
  AbsTransform,
  AffineTransform,
  ExpTransform,
  PowerTransform,
  SigmoidTransform,
  SoftplusTransform,
  TanhTransform,
} from "../base/elementwise";
export * from "../base/shaped";
export { type CacheSize, ComposeTransform, IndependentTransform, identityTransform, Transform } from "./transform";
