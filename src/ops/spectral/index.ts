/** Fourier transforms and windows. */
export * as stft from "./stft";
export * as windowFunctions from "./windowFunctions";
