/** `torch.masked`. */
export * from "../ops/reduce/maskedReductions";
