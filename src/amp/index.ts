/** `torch.amp`: mixed precision. */
export { type AutocastOptions, autocast } from "./autocast";
export { GradScaler, type GradScalerOptions, type GradScalerState } from "./gradScaler";
