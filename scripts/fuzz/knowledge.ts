/** Writes what the fuzzer and the conformance runs know of the library into `build/`, unless it is up to date. `npm test` does so before files that use it run at once. */
import { knowledgeFile } from "./ops/templates";

knowledgeFile();
