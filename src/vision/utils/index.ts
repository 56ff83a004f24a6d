/** Pictures to look at. @see torchvision.utils */
export type { Color } from "./colors";
export type { ImshowOptions, Shown, ShowPlace } from "./display";
export {
  type DrawBoundingBoxesOptions,
  type DrawKeypointsOptions,
  type DrawSegmentationMasksOptions,
  drawBoundingBoxes,
  drawKeypoints,
  drawSegmentationMasks,
} from "./draw";
export { flowToImage } from "./flow";
export { type MakeGridOptions, makeGrid, type SaveImageOptions, saveImage } from "./grid";
export { History, type HistoryOptions } from "./history";
export { imshow } from "./show";
