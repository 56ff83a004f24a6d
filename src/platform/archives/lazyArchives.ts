/** What fetches published files and unpacks archives, loaded with the first of them. */

export { DownloadError, download, isWhole, md5OfFile } from "../download";
export { extract, openSource, packingOf } from "./archive";
export { inflated, pieces } from "./unpacking";
