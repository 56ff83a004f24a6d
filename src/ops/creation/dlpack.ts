/** `torch.utils.dlpack`. */
export { fromDlpack, toDlpack } from "./exchange";
