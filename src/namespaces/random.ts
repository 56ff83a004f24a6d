/** `torch.random`: the generator that everything random draws from. */
export { defaultGenerator, Generator } from "../core/generator";
export { forkRng, getRngState, initialSeed, manualSeed, seed, setRngState } from "../ops/random/randomTensors";
