/** `torch.masked`. */
export * from "./ops/maskedReductions";
