/** Invertible functions. @see torch.distributions.transforms */
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
