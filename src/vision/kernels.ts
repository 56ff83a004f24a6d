/** Says to devices that their kernels of pictures, boxes and regions are wanted. */
import { useKernels } from "../backend/parts";

useKernels("vision");
