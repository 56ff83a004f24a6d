/** Builds the kernels, the bundle and the type declarations into `build/` and `dist/`, whether or not they are current. */
import { build, ensureInstalled } from "./ensure.mjs";

ensureInstalled();
build();
