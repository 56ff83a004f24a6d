/** Invertible functions. @see torch.distributions.transforms */
import { checkMethods } from "./arguments";
import * as elementwise from "./elementwise";
import * as shaped from "./shaped";

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
} from "./elementwise";
export * from "./shaped";
export { type CacheSize, ComposeTransform, IndependentTransform, identityTransform, Transform } from "./transform";
