/** Downloads of weights and what reads them, loaded when first used. */
export { cachedFile } from "./cached";
export { downloadFile, readUrl } from "./downloads";
export { readStateDict } from "./weights";
